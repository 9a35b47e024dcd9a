import { ManagementError, OAuthError } from '../../errors.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account, AdminCaller } from '../context/context.js'
import { originOf } from '../context/origin.js'
import { ID_PATTERN } from '../openapi/schema.js'
import type { ServerContext } from './admin-context.js'
import { clientOfRefusal, reportRefusal } from './refusals.js'
import { notFound } from './resource.js'
import { type Method, ROUTES, type Route } from './routes.js'

/** The paths of the routes, in the same order; each parameter is an id, and nothing of it is decoded. */
const PATHS: readonly RegExp[] = ROUTES.map(({ path }) => new RegExp(`^${path.replace(/:\w+/g, `(${ID_PATTERN})`)}/?$`))

/**
 * The management API: `/apis`, `/clients`, and the others of its table, of the calling account. Every call proves its scope before
 * anything of it is looked at; every answer, a refusal too, is JSON.
 */
export function createAdminRouter(context: ServerContext): AccountHandler {
  return function management(req, res, account) {
    return serve(context, account, req, res)
  }
}

async function serve(context: ServerContext, account: Account, req: HttpRequest, res: HttpResponse): Promise<void> {
  const { route, ids } = findRoute(req)
  const method = findMethod(route, req)
  const origin = originOf(req)
  let caller: AdminCaller | undefined
  try {
    caller = await admit(context, { req, scope: method.scope, account })
    await method.run({ context, account, caller, origin, req, res, ids })
  } catch (error) {
    reportRefusal(context.emit, { account, scope: method.scope, origin, caller }, error)
    throw error
  }
}

/** Whom the check lets through, and the limits too. Who lacks a scope is counted as well. */
async function admit(
  { authorizeAdmin, limits }: ServerContext,
  { req, scope, account }: { req: HttpRequest; scope: string; account: Account },
): Promise<AdminCaller> {
  let answer: unknown
  try {
    answer = await authorizeAdmin(req, scope, account)
  } catch (error) {
    const status = statusOf(error)
    if (status === 403) await limits.management(req, account, clientOfRefusal(error))
    const headers = status === 401 ? await limits.failure(req, account) : undefined
    if (headers === undefined) throw error
    throw new ManagementError('too_many_requests', 'Too many failed requests.', { headers, cause: error })
  }
  const caller = readCaller(answer)
  await limits.management(req, account, caller.actor)
  return caller
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof OAuthError || error instanceof ManagementError ? error.status : undefined

/** The check may be the host's: what it answers decides who may do what, so nothing is taken on trust. */
function readCaller(answer: unknown): AdminCaller {
  const scopes = typeof answer === 'object' && answer !== null && 'scopes' in answer ? answer.scopes : undefined
  if (!Array.isArray(scopes) || !scopes.every(scope => typeof scope === 'string')) {
    throw new TypeError('authorizeAdmin: must answer { scopes }, a list of strings')
  }
  return { scopes: [...scopes], ...readActor(answer) }
}

/** It stands in the log, so it is as short and as visible as a user's id. */
const ACTOR = /^[\x21-\x7e]{1,255}$/

function readActor(answer: unknown): Pick<AdminCaller, 'actor'> {
  const actor = typeof answer === 'object' && answer !== null && 'actor' in answer ? answer.actor : undefined
  if (actor === undefined) return {}
  if (typeof actor === 'string' && ACTOR.test(actor)) return { actor }
  throw new TypeError('authorizeAdmin: actor must be 1 to 255 visible ASCII characters')
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
