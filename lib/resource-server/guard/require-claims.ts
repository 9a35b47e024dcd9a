import type { Request } from 'express'
import { invalidType, invalidValue } from '../../errors.js'
import { refuseAsMiddleware } from '../../http/factory.js'
import type { HttpRequest } from '../../http/handler.js'
import { fulfilsAll } from '../token/claims.js'
import { createGuard, type Demand, type Guard, type GuardContext, NO_SCOPES, type RouteParams } from './guard.js'
import type { ClaimDemand } from '../options/options.js'
import { readClaims } from '../options/read-options.js'
import { insufficient } from '../contract/refuse.js'
import type { AccessTokenClaims, AuthInfo } from '../contract/types.js'

/** Decides about a request by its token. */
export type ClaimsCheck<Claims extends object = AccessTokenClaims, Params = RouteParams> = (
  auth: AuthInfo<Claims>,
  req: Request<Params>,
) => boolean | Promise<boolean>

/**
 * Builds guards that demand claims, for one route; the option `claims` is for all of them. A token that is good and does
 * not fit is 403 `insufficient_scope`.
 *
 * @typeParam Claims - further claims your issuer puts in its tokens. They are a promise of yours: nothing checks them here.
 */
export interface RequireClaims<Claims extends object = AccessTokenClaims> {
  /**
   * Each claim must be there, and be equal to the value, or be what the predicate answers `true` to. Predicates are not
   * async, and are asked on every request.
   * @throws TypeError where no claim is named, or a demand is neither a JSON value nor a function
   */
  <C extends object = Claims>(demands: Readonly<Record<string, ClaimDemand>>): Guard<C>
  /** The function must answer `true`, and may be async. One that throws or rejects refuses, with the same 403. */
  <C extends object = Claims, Params = RouteParams>(check: ClaimsCheck<C, Params>): Guard<C>
}

type Check = (auth: AuthInfo, req: HttpRequest) => unknown

export function createRequireClaims(context: GuardContext): RequireClaims {
  return function requireClaims(...call: readonly [demanded: unknown]) {
    refuseAsMiddleware(call, 'requireClaims')
    return createGuard('requireClaims', context, createDemand(readCheck(call[0])))
  }
}

function readCheck(demanded: unknown): Check {
  // What a router has put on a request is there where Express's types say so.
  if (typeof demanded === 'function') return demanded as Check
  if (typeof demanded !== 'object' || demanded === null || Array.isArray(demanded)) {
    throw invalidType('requireClaims: must be given claims or a function')
  }
  const claims = readClaims(demanded, 'requireClaims: ')
  if (claims.size === 0) throw invalidValue('requireClaims: name at least one claim; to demand none, use requireAuth()')
  return ({ payload }) => fulfilsAll(payload, claims)
}

function createDemand(check: Check): Demand {
  return {
    scopesOf: () => NO_SCOPES,
    refusalOf(auth, { req }) {
      const fail = (cause: unknown) => insufficient('claims_check_failed', auth, cause)
      const judge = (answer: unknown) => {
        if (answer === true) return undefined
        if (answer === false) return insufficient('claims_mismatch', auth)
        return fail(invalidType('requireClaims: the function must answer true or false'))
      }
      try {
        const answer = check(auth, req)
        return typeof answer === 'boolean' ? judge(answer) : Promise.resolve(answer).then(judge, fail)
      } catch (cause) {
        return fail(cause)
      }
    },
  }
}
