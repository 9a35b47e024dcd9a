import { ManagementError, OAuthError } from '../../errors.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account, AdminCaller } from '../context/context.js'
import { ID_PATTERN } from '../openapi/schema.js'
import type { ServerContext } from './admin-context.js'
import { notFound } from './resource.js'
import { type Method, ROUTES, type Route } from './routes.js'

/** The paths of the routes, in the same order; each parameter is an id, and nothing of it is decoded. */
const PATHS: readonly RegExp[] = ROUTES.map(({ path }) => new RegExp(`^${path.replace(/:\w+/g, `(${ID_PATTERN})`)}/?$`))

/**
 * The management API: `/apis`, `/clients`, `/consents`, `/grants` and `/keys` of the calling account. Every call proves its scope before anything of it is
 * looked at; every answer, a refusal too, is JSON.
 */
export function createAdminRouter(context: ServerContext): AccountHandler {
  return function management(req, res, account) {
    return serve(context, account, req, res)
  }
}

async function serve(context: ServerContext, account: Account, req: HttpRequest, res: HttpResponse): Promise<void> {
  const { route, ids } = findRoute(req)
  const method = findMethod(route, req)
  const caller = await admit(context, { req, scope: method.scope, account })
  await method.run({ context, account, caller, req, res, ids })
}

/** Whom the check lets through, and the limits too. */
async function admit(
  { authorizeAdmin, limits }: ServerContext,
  { req, scope, account }: { req: HttpRequest; scope: string; account: Account },
): Promise<AdminCaller> {
  let answer: unknown
  try {
    answer = await authorizeAdmin(req, scope, account)
  } catch (error) {
    if (!isUnauthorized(error)) throw error
    const headers = await limits.failure(req, account)
    if (headers === undefined) throw error
    throw new ManagementError('too_many_requests', 'Too many failed requests.', { headers, cause: error })
  }
  const caller = readCaller(answer)
  await limits.management(req, account, caller.clientId)
  return caller
}

const isUnauthorized = (error: unknown): boolean =>
  (error instanceof OAuthError || error instanceof ManagementError) && error.status === 401

/** The check may be the host's: what it answers decides who may do what, so nothing is taken on trust. */
function readCaller(answer: unknown): AdminCaller {
  const scopes = typeof answer === 'object' && answer !== null && 'scopes' in answer ? answer.scopes : undefined
  if (!Array.isArray(scopes) || !scopes.every(scope => typeof scope === 'string')) {
    throw new TypeError('authorizeAdmin: must answer { scopes }, a list of strings')
  }
  const clientId = 'clientId' in Object(answer) ? (answer as { clientId: unknown }).clientId : undefined
  if (clientId !== undefined && typeof clientId !== 'string') {
    throw new TypeError('authorizeAdmin: must answer { scopes, clientId }, a list of strings and a string')
  }
  return { scopes: [...scopes], ...(clientId !== undefined && { clientId }) }
}

function findRoute(req: HttpRequest): { route: Route; ids: string[] } {
  const [pathname = ''] = (req.url ?? '').split('?', 1)
  for (const [at, route] of ROUTES.entries()) {
    const found = PATHS[at]?.exec(pathname)
    if (found) return { route, ids: found.slice(1) }
  }
  throw notFound()
}

function findMethod({ methods }: Route, req: HttpRequest): Method {
  const name = req.method === 'HEAD' ? 'GET' : (req.method ?? '')
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method !== undefined) return method
  const allowed = Object.keys(methods).flatMap(known => (known === 'GET' ? ['GET', 'HEAD'] : [known]))
  throw new ManagementError('method_not_allowed', 'The method is not served here.', {
    headers: { Allow: allowed.join(', ') },
  })
}
