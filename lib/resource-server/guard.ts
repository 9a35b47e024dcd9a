import type { Request, Response } from 'express'
import { InsufficientScopeError, UnauthenticatedError, invalidValue } from '../errors.js'
import { asError, type HttpRequest, type HttpResponse, type Next, runHandler } from '../http/handler.js'
import { authOf, setAuth } from './auth.js'
import type { Authenticate } from './authenticate.js'
import type { GuardOptions } from './guard-options.js'
import { type GuardCall, refuseRequest } from './refusal.js'
import { attribute } from './refuse.js'
import type { AccessTokenClaims, AuthInfo } from './types.js'

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
   * @throws TypeError where the option `optional` is set: there may be no `req.auth` then
   * @example
   * app.get('/me', requireAuth<{ org: string }>().handle((req, res) => res.json({ org: req.auth.payload.org })))
   */
  handle(
    handler: (req: Authenticated<Request, Claims>, res: Response, next: Next) => unknown,
  ): (req: Request, res: Response, next: Next) => void
}

/** What a guard demands beyond a good token. */
export interface Demand {
  scopesOf(req: HttpRequest): readonly string[]
  covers(granted: readonly string[], demanded: readonly string[]): boolean
  granted(auth: AuthInfo): readonly string[]
}

export interface GuardContext {
  authenticate: Authenticate
  /** Whose tokens the guard takes for authenticated. */
  verifier: object
  options: GuardOptions
}

export const NO_SCOPES: readonly string[] = []

/** Makes a guard: authenticate once for each request, then demand. Waits for nothing where nothing is to be waited for. */
export function createGuard(name: string, context: GuardContext, demand: Demand | undefined): Guard {
  const { authenticate, options, verifier } = context

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
    auth
      .then(
        found => admit(found, call),
        (error: unknown) => refuseRequest(error, call, options),
      )
      // What comes after the guard throws to it, where the host has no router between them.
      .catch((thrown: unknown) => next(asError(thrown)))
  }

  function admit(auth: AuthInfo | undefined, call: GuardCall): void {
    try {
      const refusal = auth === undefined ? withoutCredential() : withoutScope(auth, call.scopes)
      if (refusal !== undefined) return refuseRequest(refusal, call, options)
      if (auth !== undefined) setAuth(call.req, auth)
    } catch (error) {
      return refuseRequest(error, call, options)
    }
    call.next()
  }

  function withoutCredential(): UnauthenticatedError | undefined {
    if (options.optional && demand === undefined) return undefined
    return new UnauthenticatedError('An access token is needed')
  }

  function withoutScope(auth: AuthInfo, scopes: readonly string[]): InsufficientScopeError | undefined {
    if (demand === undefined || demand.covers(demand.granted(auth), scopes)) return undefined
    return attribute(new InsufficientScopeError('The access token does not carry the scope that is needed'), auth)
  }

  Object.defineProperty(guard, 'name', { value: name })
  const isOptional = options.optional && demand === undefined
  return Object.assign(guard, { handle: createHandle(guard, isOptional) })
}

/** Only an event tells how long it took. */
function startOf({ onEvent }: GuardOptions): number {
  return onEvent === undefined ? 0 : performance.now()
}

type AnyHandler = (req: HttpRequest, res: HttpResponse, next: Next) => unknown

function createHandle(guard: (req: HttpRequest, res: HttpResponse, next: Next) => void, isOptional: boolean) {
  return function handle(handler: (...call: never) => unknown) {
    if (isOptional) throw invalidValue('requireAuth().handle: with the option optional, use findAuth(req)')
    return function guarded(req: HttpRequest, res: HttpResponse, next: Next): void {
      guard(req, res, error => {
        if (error === undefined) runHandler(handler as AnyHandler, req, res, next)
        else next(error)
      })
    }
  }
}
