import { InsufficientScopeError, UnauthenticatedError } from '../errors.js'
import type { Handler, HttpRequest, HttpResponse, Next } from '../http/handler.js'
import { coversAll, coversAny } from '../scope.js'
import { authOf, setAuth } from './auth.js'
import type { Authenticate } from './authenticate.js'
import { assertScopes, type GuardOptions } from './guard-options.js'
import { refuseRequest } from './refusal.js'
import type { AuthInfo } from './types.js'
import { readScopes } from './verify-access-token.js'

/** The scopes of a route: as they are, or found out from the request. */
export type ScopeDemand = string | ((req: HttpRequest) => string | readonly string[])

/** Builds guards that demand scopes. */
export interface RequireScope {
  /**
   * A guard that lets a request pass whose token carries all of the scopes; or those that a function of the request names.
   * @throws TypeError for an empty list, and for what is not a scope-token (RFC 6749 §3.3)
   */
  (...scopes: readonly [ScopeDemand, ...string[]]): Handler
  /** The same, and one of the scopes is enough. */
  any(...scopes: readonly [ScopeDemand, ...string[]]): Handler
}

/** What a guard demands beyond a good token. */
interface Demand {
  scopesOf(req: HttpRequest): readonly string[]
  covers(granted: readonly string[], demanded: readonly string[]): boolean
  granted(auth: AuthInfo): readonly string[]
}

export interface GuardContext {
  authenticate: Authenticate
  options: GuardOptions
}

/** `requireScope` of a resource server: reads `permissions` where the token has it, else `scope`, else `scp`. */
export function createRequireScope(context: GuardContext): RequireScope {
  const { scopeClaim } = context.options
  return createFamily('requireScope', context, auth => grantedBy(auth, scopeClaim))
}

/** The same check on the `permissions` claim alone. */
export function createRequirePermission(context: GuardContext): RequireScope {
  return createFamily('requirePermission', context, auth => auth.permissions ?? [])
}

/** `requireAuth` of a resource server: a good token is enough. */
export function createRequireAuth(context: GuardContext): () => Handler {
  return () => createGuard('requireAuth', context, undefined)
}

const NO_SCOPES: readonly string[] = []

/** A `permissions` claim of another type than a list of texts grants nothing. */
function grantedBy(auth: AuthInfo, scopeClaim: string | undefined): readonly string[] {
  if (scopeClaim !== undefined) {
    return Object.hasOwn(auth.payload, scopeClaim) ? readScopes(auth.payload[scopeClaim]) : NO_SCOPES
  }
  return auth.payload.permissions === undefined ? auth.scopes : (auth.permissions ?? NO_SCOPES)
}

function createFamily(name: string, context: GuardContext, granted: Demand['granted']): RequireScope {
  const build =
    (label: string, covers: Demand['covers']) =>
    (...scopes: readonly ScopeDemand[]): Handler =>
      createGuard(label, context, { scopesOf: readDemand(scopes, label), covers, granted })
  return Object.assign(build(name, coversAll), { any: build(`${name}.any`, coversAny) })
}

function readDemand(scopes: readonly ScopeDemand[], label: string): Demand['scopesOf'] {
  const [first] = scopes
  if (typeof first === 'function' && scopes.length === 1) {
    return req => {
      const named = first(req)
      const list = typeof named === 'string' ? [named] : named
      assertScopes(list, label)
      return list
    }
  }
  assertScopes(scopes, label)
  const fixed = Object.freeze([...scopes])
  return () => fixed
}

/** The middleware: authenticate once for each request, then demand. Waits for nothing where nothing is to be waited for. */
function createGuard(name: string, context: GuardContext, demand: Demand | undefined): Handler {
  const { authenticate, options } = context
  const guard: Handler = (req, res, next) => {
    const startedAt = options.onEvent === undefined ? 0 : performance.now()
    let scopes = NO_SCOPES
    let auth: AuthInfo | undefined | Promise<AuthInfo | undefined>
    try {
      if (demand !== undefined) scopes = demand.scopesOf(req)
      auth = authOf(req, context) ?? authenticate(req, res)
    } catch (error) {
      return refuseRequest(error, { req, res, next, scopes, startedAt }, options)
    }
    if (!(auth instanceof Promise)) return admit(auth, req, res, next, scopes, startedAt)
    auth.then(
      found => admit(found, req, res, next, scopes, startedAt),
      (error: unknown) => refuseRequest(error, { req, res, next, scopes, startedAt }, options),
    )
  }

  function admit(
    auth: AuthInfo | undefined,
    req: HttpRequest,
    res: HttpResponse,
    next: Next,
    scopes: readonly string[],
    startedAt: number,
  ): void {
    const refusal = auth === undefined ? withoutCredential() : withoutScope(auth, scopes)
    if (refusal !== undefined) return refuseRequest(refusal, { req, res, next, scopes, startedAt }, options, auth)
    if (auth !== undefined) setAuth(req, auth, context)
    next()
  }

  function withoutCredential(): UnauthenticatedError | undefined {
    if (options.optional && demand === undefined) return undefined
    return new UnauthenticatedError('An access token is needed')
  }

  function withoutScope(auth: AuthInfo, scopes: readonly string[]): InsufficientScopeError | undefined {
    if (demand === undefined || demand.covers(demand.granted(auth), scopes)) return undefined
    return new InsufficientScopeError('The access token does not carry the scope that is needed')
  }

  Object.defineProperty(guard, 'name', { value: name })
  return guard
}
