import type { Request } from 'express'
import { invalidType, invalidValue } from '../../errors.js'
import { refuseAsMiddleware } from '../../http/factory.js'
import type { HttpRequest } from '../../http/handler.js'
import { ignore, own } from '../../outcome.js'
import { coversAll, coversAny, isScopeToken } from '../../scope.js'
import { createGuard, type Demand, type Guard, type GuardContext, NO_SCOPES, type RouteParams } from './guard.js'
import { insufficient } from '../contract/refuse.js'
import type { Granted } from './scope-claim.js'
import type { AccessTokenClaims } from '../contract/types.js'

/** Finds out from the request what a route demands. */
export type ScopeFunction<Params = RouteParams> = (req: Request<Params>) => string | readonly string[]

/** Builds one guard: of scopes as they are, or as a function of the request names them. */
export interface ScopeGuardFactory<Claims extends object = AccessTokenClaims> {
  <C extends object = Claims>(scope: string, ...further: readonly string[]): Guard<C>
  <C extends object = Claims, Params = RouteParams>(scopesOf: ScopeFunction<Params>): Guard<C>
}

/**
 * Builds guards that demand scopes: all of them, with `any` one of them. Where a function of the request names what is no
 * scope-token (RFC 6749 §3.3), which no token carries, the answer is 403; where it names nothing, or throws, that is a
 * fault of the app, and goes to its error handler.
 *
 * @typeParam Claims - further claims your issuer puts in its tokens. They are a promise of yours: nothing checks them here.
 * @throws TypeError for an empty list, and for what is not a scope-token
 */
export interface RequireScope<Claims extends object = AccessTokenClaims> extends ScopeGuardFactory<Claims> {
  any: ScopeGuardFactory<Claims>
}

/** `requireScope` of a resource server: reads what the option `scopeClaim` says, else `permissions`, `scope`, `scp`. */
export function createRequireScope(context: GuardContext): RequireScope {
  return createFamily('requireScope', context, context.options.granted)
}

/** The same check on the `permissions` claim alone. */
export function createRequirePermission(context: GuardContext): RequireScope {
  return createFamily('requirePermission', context, auth => auth.permissions ?? NO_SCOPES)
}

/** How several scopes are meant. */
interface Mode {
  covers(granted: readonly string[], demanded: readonly string[]): boolean
  /** Of what a function named, that which a token can carry; empty where the demand cannot be met. */
  possible(named: readonly string[]): readonly string[]
}

const ALL: Mode = {
  covers: (granted, demanded) => demanded.length > 0 && coversAll(granted, demanded),
  possible: named => (named.every(isScopeToken) ? named : NO_SCOPES),
}
const ANY: Mode = { covers: coversAny, possible: named => named.filter(isScopeToken) }

function createFamily(name: string, context: GuardContext, granted: Granted): RequireScope {
  const build =
    (label: string, mode: Mode): ScopeGuardFactory =>
    (...demanded: readonly (string | ScopeFunction)[]) => {
      refuseAsMiddleware(demanded, label)
      return createGuard(label, context, createDemand(readScopesOf(demanded, label, mode), mode, granted))
    }
  return Object.assign(build(name, ALL), { any: build(`${name}.any`, ANY) })
}

function createDemand(scopesOf: Demand['scopesOf'], { covers }: Mode, granted: Granted): Demand {
  return {
    scopesOf,
    refusalOf(auth, { scopes }) {
      if (covers(granted(auth), scopes)) return undefined
      return insufficient(scopes.length === 0 ? 'scope_malformed' : 'scope_missing', auth)
    },
  }
}

function readScopesOf(
  demanded: readonly (string | ScopeFunction)[],
  label: string,
  { possible }: Mode,
): Demand['scopesOf'] {
  const [first] = demanded
  if (typeof first === 'function' && demanded.length === 1) {
    // What a router has put on a request is there where Express's types say so.
    const find = first as (req: HttpRequest) => unknown
    return req => possible(readNamed(find(req), label))
  }
  const fixed = Object.freeze([...demanded])
  assertTexts(fixed, label)
  const odd = fixed.find(scope => !isScopeToken(scope))
  if (odd !== undefined) throw invalidValue(`${label}: ${JSON.stringify(odd)} is not one scope-token`)
  return () => fixed
}

/** A list of our own: what was checked is what is compared, whoever has the other one. */
function readNamed(named: unknown, label: string): readonly string[] {
  // A promise names no scope; but what it rejects with must not end the process.
  own(named, ignore)
  const list: unknown = Array.isArray(named) ? [...named] : typeof named === 'string' ? [named] : named
  assertTexts(list, label)
  return list
}

/** @throws TypeError where there is no list, or it is empty, or one of its entries is no text, or an empty one */
function assertTexts(scopes: unknown, label: string): asserts scopes is readonly string[] {
  if (!Array.isArray(scopes)) throw invalidType(`${label}: the function must name a scope, or a list of them`)
  if (scopes.length === 0) throw invalidValue(`${label}: name at least one scope; to demand none, use requireAuth()`)
  for (const scope of scopes) {
    if (typeof scope !== 'string') throw invalidType(`${label}: a scope must be a string`)
    if (scope === '') throw invalidValue(`${label}: a scope must not be empty`)
  }
}
