import { ManagementError } from '../errors.js'
import {
  isManagementFault,
  isOauthFault,
  managementErrorHandler,
  oauthCode,
  oauthErrorHandler,
  toManagementError,
} from '../http/error-handler.js'
import type { Handler, HttpRequest } from '../http/handler.js'
import { MANAGEMENT_BODY_LIMIT } from '../http/parameters.js'
import { pathOf } from '../http/request-target.js'
import { NOT_STORED, sendJson } from '../http/respond.js'
import { type AccountHandler, createAccountRouter } from './accounts/account-router.js'
import { isInserted } from './accounts/accounts.js'
import { createMountCheck } from './accounts/mount-check.js'
import type { ServerContext } from './admin/admin-context.js'
import { ROUTES } from './admin/routes.js'
import { createAdminRouter } from './admin/index.js'
import { REQUEST_PATH } from './authorize/pending.js'
import { DOCUMENT_PATH } from './openapi/place.js'
import { PageError, pageErrorHandler } from './pages/page-error.js'
import { DECISION_PATH, type PublicRoute } from './public-routes.js'
import { TOKEN_BODY_LIMIT } from './tokens/client-request.js'

/** The first segments of the management API's paths: what else comes to its router is the host's. */
const SEGMENTS = [...new Set(ROUTES.map(({ path }) => path.split('/', 2)[1]))].join('|')
const ADMIN_PATH = new RegExp(`^/(?:${SEGMENTS})(?:/|$)`)
/** The same, below an account or not. */
const ADMIN_PATH_BELOW = new RegExp(`/(?:${SEGMENTS})(?:/|$)`)

/** What every router has. */
export type Shared = Pick<
  Parameters<typeof createAccountRouter>[1],
  'resolve' | 'checks' | 'open' | 'emit' | 'metering'
>

/** The paths that people come to, below an account or not: what goes wrong there is answered by a page. */
const PAGE_PATH = /\/authorize(?:\/[^/]+)?$/

const isForPeople = ({ url = '/' }: HttpRequest): boolean => PAGE_PATH.test(pathOf(url))

/** `/oauth/…`, `/authorize`, `/userinfo`, `/.well-known/…`. */
export function createPublicRouter(shared: Shared, routes: readonly PublicRoute[], openApi: AccountHandler): Handler {
  const handlers: ReadonlyMap<string, AccountHandler> = new Map([
    ...routes.map(({ path, handle }) => [path, handle] as const),
    [DOCUMENT_PATH, openApi],
  ])
  const decide = handlers.get(DECISION_PATH)
  const paths = [...handlers.keys()]
  return createAccountRouter('authorizationServer', {
    ...shared,
    checkMount: createMountCheck(shared.emit),
    find: path => handlers.get(path) ?? (REQUEST_PATH.test(path) ? decide : undefined),
    reaches: path => isInserted(path) || PAGE_PATH.test(path) || paths.some(own => path.endsWith(own)),
    bodyLimit: TOKEN_BODY_LIMIT,
    refuse: (req, res, next) => {
      const message = 'There is no such account.'
      if (isForPeople(req)) pageErrorHandler(new PageError(404, 'Not found', message), req, res, next)
      else sendJson(res, 404, { error: 'not_found', error_description: message }, NOT_STORED)
    },
    answer: (error, req, res, next) => (isForPeople(req) ? pageErrorHandler : oauthErrorHandler)(error, req, res, next),
    isFault: isOauthFault,
    // What a person is told has no code; why /authorize refuses is told by its events.
    codeOf: (error, req) => (isForPeople(req) ? undefined : oauthCode(error)),
  })
}

/** The management API. */
export function createManagementRouter(shared: Shared, context: ServerContext, openApi: AccountHandler): Handler {
  const management = createAdminRouter(context)
  return createJsonRouter('managementApi', shared, {
    find: path => (path === DOCUMENT_PATH ? openApi : ADMIN_PATH.test(path) ? management : undefined),
    reaches: path => path.endsWith(DOCUMENT_PATH) || ADMIN_PATH_BELOW.test(path),
  })
}

/** `/openapi.json` for both. */
export function createOpenApiRouter(shared: Shared, openApi: AccountHandler): Handler {
  return createJsonRouter('openApi', shared, {
    find: path => (path === DOCUMENT_PATH ? openApi : undefined),
    reaches: path => path.endsWith(DOCUMENT_PATH),
  })
}

/** A router that answers in the words of the management API. */
function createJsonRouter(
  name: string,
  shared: Shared,
  paths: Pick<Parameters<typeof createAccountRouter>[1], 'find' | 'reaches'>,
): Handler {
  return createAccountRouter(name, {
    ...shared,
    ...paths,
    bodyLimit: MANAGEMENT_BODY_LIMIT,
    refuse: (req, res, next) => {
      managementErrorHandler(new ManagementError('not_found', 'There is no such resource.'), req, res, next)
    },
    answer: managementErrorHandler,
    isFault: isManagementFault,
    codeOf: error => toManagementError(error).errorCode,
  })
}
