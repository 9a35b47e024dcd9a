import type { Request, Response } from 'express'
import { type OAuthError, UnauthenticatedError, invalidType, invalidValue } from '../../errors.js'
import { refuseAsMiddleware } from '../../http/factory.js'
import { asError, type HttpRequest, type HttpResponse, type Next, runHandler } from '../../http/handler.js'
import { authOf, setAuth } from './auth.js'
import type { Authenticate } from './authenticate.js'
import type { GuardOptions } from './guard-options.js'
import { type GuardCall, refuseRequest } from './refusal.js'
import type { AccessTokenClaims, AuthInfo } from '../contract/types.js'

/** The parameters of a route, where nobody says more of them: as most routes have them, one text each. */
export interface RouteParams {
  [name: string]: string
}

/** A request that a guard let pass: `auth` is there, with the claims that the guard was told of. */
export type Authenticated<Req, Claims extends object = AccessTokenClaims> = Omit<Req, 'auth'> & {
  readonly auth: AuthInfo<Claims>
}

/** A guard of a route: a middleware for Express 4 and 5. */
export interface Guard<Claims extends object = AccessTokenClaims> {
  (req: HttpRequest, res: HttpResponse, next: Next): void
  /**
   * The guard and a handler behind it, as one: there `req.auth` is typed. What the handler throws, or rejects with, goes
   * to `next`, also under Express 4.
   *
   * @typeParam Params - those of the route, where they are not all texts: `handle<{ path: string[] }>` for `/files/*path`
   * @throws TypeError where the option `optional` is set: there may be no `req.auth` then
   * @example
   * app.get('/me', requireAuth<{ org: string }>().handle((req, res) => res.json({ org: req.auth.payload.org })))
   */
  handle<Params = RouteParams>(
    handler: (req: Authenticated<Request<Params>, Claims>, res: Response, next: Next) => unknown,
  ): (req: Request<Params>, res: Response, next: Next) => void
  /** The same, for a handler that is written for Express alone. */
  handle<Params>(
    handler: (req: Request<Params>, res: Response, next: Next) => unknown,
  ): (req: Request<Params>, res: Response, next: Next) => void
}

/** What a guard demands beyond a good token. */
export interface Demand {
  /** The scopes that the route is for, for challenges and events: scope-tokens. Empty: none that could be named. */
  scopesOf(req: HttpRequest): readonly string[]
  /** Why the token is not enough; undefined where it is. */
  refusalOf(auth: AuthInfo, call: GuardCall): Refusal | Promise<Refusal>
}

type Refusal = OAuthError | undefined

export interface GuardContext {
  authenticate: Authenticate
  /** Whose tokens the guard takes for authenticated. */
  verifier: object
  options: GuardOptions
}

export const NO_SCOPES: readonly string[] = Object.freeze([])

/** Makes a guard: authenticate once for each request, then demand. Waits for nothing where nothing is to be waited for. */
export function createGuard(name: string, context: GuardContext, demand: Demand | undefined): Guard {
  const { authenticate, options, verifier } = context
  const isOptional = options.optional && demand === undefined

  function guard(req: HttpRequest, res: HttpResponse, next: Next): void {
    const call: GuardCall = { req, res, next, scopes: NO_SCOPES, startedAt: startOf(options) }
    let auth: AuthInfo | undefined | Promise<AuthInfo | undefined>
    try {
      if (demand !== undefined) call.scopes = demand.scopesOf(req)
      auth = authOf(req, verifier) ?? authenticate(req, res)
    } catch (error) {
      return refuseRequest(error, call, options)
    }
    if (!(auth instanceof Promise)) return admit(auth, call)
    whenSettled(auth, call, found => admit(found, call))
  }

  function admit(auth: AuthInfo | undefined, call: GuardCall): void {
    let refusal: Refusal | Promise<Refusal>
    try {
      refusal = auth === undefined ? withoutCredential(call) : demand?.refusalOf(auth, call)
    } catch (error) {
      return refuseRequest(error, call, options)
    }
    if (!(refusal instanceof Promise)) return finish(refusal, auth, call)
    whenSettled(refusal, call, found => finish(found, auth, call))
  }

  function finish(refusal: Refusal, auth: AuthInfo | undefined, call: GuardCall): void {
    if (refusal !== undefined) return refuseRequest(refusal, call, options)
    try {
      if (auth !== undefined) setAuth(call.req, auth)
    } catch (error) {
      return refuseRequest(error, call, options)
    }
    call.next()
  }

  function whenSettled<T>(value: Promise<T>, call: GuardCall, goOn: (value: T) => void): void {
    value
      .then(goOn, (error: unknown) => refuseRequest(error, call, options))
      // What comes after the guard throws to it, where the host has no router between them.
      .catch((thrown: unknown) => call.next(asError(thrown)))
  }

  function withoutCredential({ req }: GuardCall): UnauthenticatedError | undefined {
    if (isOptional) return undefined
    const detail = req.headers.authorization === undefined ? 'no_credential' : 'other_scheme'
    return new UnauthenticatedError('An access token is needed', { detail })
  }

  Object.defineProperty(guard, 'name', { value: name })
  return Object.assign(guard, { handle: createHandle(name, guard, isOptional) })
}

/** Only an event tells how long it took. */
function startOf({ onEvent }: GuardOptions): number {
  return onEvent === undefined ? 0 : performance.now()
}

type AnyHandler = (req: HttpRequest, res: HttpResponse, next: Next) => unknown

function createHandle(
  name: string,
  guard: (req: HttpRequest, res: HttpResponse, next: Next) => void,
  isOptional: boolean,
) {
  return function handle(...call: readonly [handler: (...call: never) => unknown]) {
    const label = `${name}(…).handle`
    refuseAsMiddleware(call, label)
    const [handler] = call
    if (isOptional) throw invalidValue('requireAuth().handle: with the option optional, use findAuth(req)')
    if (typeof handler !== 'function') throw invalidType(`${label}: must be given a function`)
    return function guarded(req: HttpRequest, res: HttpResponse, next: Next): void {
      guard(req, res, error => {
        if (error === undefined) runHandler(handler as AnyHandler, req, res, next)
        else next(error)
      })
    }
  }
}
