import { isDeepStrictEqual } from 'node:util'
import { ignore, own } from '../../outcome.js'
import { refuse } from '../contract/refuse.js'
import type { ClaimDemand, VerifierSettings } from '../options/options.js'
import type { AccessTokenClaims } from '../contract/types.js'

/** From here on (the year 5138) an `exp` is taken for milliseconds, and refused. */
const IMPLAUSIBLE = 100_000_000_000

/** What RFC 9068 §2.2 requires besides `iss`, `aud` and `exp`. */
const PROFILE = ['iat', 'jti', 'sub', 'client_id']

/** Checks the claims of a token whose signature is good. @throws InvalidTokenError */
export function assertClaims(payload: Record<string, unknown>, settings: VerifierSettings, now: number): void {
  assertKind(payload)
  assertTimes(payload, settings.clockTolerance, now / 1000)
  assertAudience(payload['aud'], settings.audiences)
  for (const name of settings.requiredClaims) if (isAbsent(payload, name)) throw refuse('required_claim')
  if (settings.strict) {
    for (const name of PROFILE) if (isAbsent(payload, name)) throw refuse('required_claim')
    for (const name of ['jti', 'sub', 'client_id']) if (!isText(payload[name])) throw refuse('required_claim')
  }
  assertDemands(payload, settings.claims)
}

/** What a logout token says in `events` (OpenID Connect Back-Channel Logout §2.4). */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Keycloak's `typ` claim of what is no access token. */
const OTHER_KINDS: ReadonlySet<unknown> = new Set(['ID', 'Refresh', 'Offline', 'Logout'])

/**
 * Refuses what says of itself that it is another kind of token, and which an issuer may sign with the same key under the
 * same `typ` header. A `nonce` says nothing: Azure AD B2C puts it in access tokens.
 */
function assertKind({ events, token_use: use, typ }: Record<string, unknown>): void {
  const isLogout = typeof events === 'object' && events !== null && Object.hasOwn(events, LOGOUT_EVENT)
  // Amazon Cognito's ID tokens.
  if (isLogout || use === 'id' || OTHER_KINDS.has(typ)) throw refuse('not_an_access_token')
}

function isAbsent(payload: Record<string, unknown>, name: string): boolean {
  return !Object.hasOwn(payload, name) || payload[name] === null
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** RFC 7519 §4.1.4–6: one leeway at both ends. */
function assertTimes({ exp, nbf, iat }: Record<string, unknown>, tolerance: number, now: number): void {
  if (!isPlausible(exp)) throw refuse('exp')
  // Said so that a clock which tells no number lets nothing pass.
  if (!(now < exp + tolerance)) throw refuse('expired')
  if (nbf !== undefined) assertBegun('nbf', nbf, now + tolerance)
  if (iat !== undefined) assertBegun('iat', iat, now + tolerance)
}

function assertBegun(name: 'nbf' | 'iat', time: unknown, now: number): void {
  if (!isPlausible(time)) throw refuse(name)
  if (!(time <= now)) throw refuse('not_yet_valid')
}

function isPlausible(time: unknown): time is number {
  return typeof time === 'number' && Number.isFinite(time) && time >= 0 && time < IMPLAUSIBLE
}

function assertAudience(aud: unknown, audiences: readonly string[] | null): void {
  if (audiences === null) return
  const named: unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!named.every(name => typeof name === 'string') || !audiences.some(audience => named.includes(audience)))
    throw refuse('audience')
}

/** Checks the demands of the host; again on every use of a token, where one of them is a predicate. */
export function assertDemands(payload: Record<string, unknown>, demands: ReadonlyMap<string, ClaimDemand>): void {
  let fulfilled: boolean
  try {
    fulfilled = fulfilsAll(payload, demands)
  } catch (cause) {
    throw refuse('claim', cause)
  }
  if (!fulfilled) throw refuse('claim')
}

/** Does a token carry all these claims as they are demanded? @throws what a predicate throws */
export function fulfilsAll(payload: Record<string, unknown>, demands: ReadonlyMap<string, ClaimDemand>): boolean {
  for (const [name, demand] of demands) {
    if (!Object.hasOwn(payload, name) || !fulfils(payload, name, demand)) return false
  }
  return true
}

function fulfils(payload: Record<string, unknown>, name: string, demand: ClaimDemand): boolean {
  const value = payload[name]
  if (typeof demand !== 'function') return isDeepStrictEqual(value, demand)
  const answer: unknown = demand(value, payload as AccessTokenClaims)
  // A promise is no answer; but what it rejects with must not end the process.
  if (typeof answer !== 'boolean') own(answer, ignore)
  return answer === true
}
