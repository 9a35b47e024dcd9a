import type { HttpRequest } from '../http/handler.js'
import { ignore, own } from '../outcome.js'
import { coversAll, coversAny } from '../scope.js'
import { readScopes } from './auth-info.js'
import { createGuard, type Demand, type Guard, type GuardContext, NO_SCOPES } from './guard.js'
import { assertScopes } from './guard-options.js'
import type { AccessTokenClaims, AuthInfo } from './types.js'

/** The scopes of a route: as they are, or found out from the request. */
export type ScopeDemand = string | ((req: HttpRequest) => string | readonly string[])

/**
 * Builds guards that demand scopes.
 *
 * @typeParam Claims - further claims your issuer puts in its tokens. They are a promise of yours: nothing checks them here.
 */
export interface RequireScope<Claims extends object = AccessTokenClaims> {
  /**
   * A guard that lets a request pass whose token carries all of the scopes; or those that a function of the request names.
   * @throws TypeError for an empty list, and for what is not a scope-token (RFC 6749 §3.3)
   */
  <C extends object = Claims>(...scopes: readonly [ScopeDemand, ...string[]]): Guard<C>
  /** The same, and one of the scopes is enough. */
  any<C extends object = Claims>(...scopes: readonly [ScopeDemand, ...string[]]): Guard<C>
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
    (...scopes: readonly ScopeDemand[]): Guard =>
      createGuard(label, context, { scopesOf: readDemand(scopes, label), covers, granted })
  return Object.assign(build(name, coversAll), { any: build(`${name}.any`, coversAny) }) as RequireScope
}

function readDemand(scopes: readonly ScopeDemand[], label: string): Demand['scopesOf'] {
  const [first] = scopes
  if (typeof first === 'function' && scopes.length === 1) {
    return req => {
      const named: unknown = first(req)
      // A promise names no scope; but what it rejects with must not end the process.
      own(named, ignore)
      // A list of our own: what was checked is what is compared, whoever has the other one.
      const list: unknown = Array.isArray(named) ? [...named] : typeof named === 'string' ? [named] : named
      assertScopes(list, label)
      return list
    }
  }
  assertScopes(scopes, label)
  const fixed = Object.freeze([...scopes])
  return () => fixed
}
