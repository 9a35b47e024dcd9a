import type { GuardDetail } from '../../details.js'
import {
  InsufficientScopeError,
  InvalidTokenError,
  OAuthError,
  type RefusedToken,
  TemporarilyUnavailableError,
} from '../../errors.js'
import type { AuthInfo } from './types.js'

/** The public text of every refusal of a token: which rule refused is for events alone. */
const INVALID_TOKEN = 'The access token is invalid, expired or revoked'

/** @param detail the rule that refused, the stable code of the event */
export function refuse(detail: GuardDetail, cause?: unknown): InvalidTokenError {
  return new InvalidTokenError(INVALID_TOKEN, cause === undefined ? { detail } : { detail, cause })
}

/** Seconds after which a client may try again where a hook of the host, or a store, gave no answer. */
const RETRY_AFTER = '5'

/** What the token is good for could not be found out: 503, never 401. */
export function unanswered(detail: GuardDetail, cause: unknown): TemporarilyUnavailableError {
  const headers = { 'Retry-After': RETRY_AFTER }
  return new TemporarilyUnavailableError('The access token cannot be checked now', { detail, cause, headers })
}

/** What a good token is refused with where it does not carry the scope. */
const NO_SCOPE = 'The access token does not carry the scope that is needed'
/** The same, of any other demand of a route. */
const NOT_ALLOWED = 'The access token does not allow this request'

/** A token that is good, and not for this (RFC 6750 §3.1). */
export function insufficient(detail: GuardDetail, auth: AuthInfo, cause?: unknown): InsufficientScopeError {
  const text = detail.startsWith('scope_') ? NO_SCOPE : NOT_ALLOWED
  return attribute(new InsufficientScopeError(text, { detail, cause }), auth)
}

/** The `kid` as an event may hold it: one that is long tells nobody anything. */
export function nameKey(kid: string | undefined): Pick<RefusedToken, 'kid'> {
  return kid !== undefined && kid.length <= 200 ? { kid } : {}
}

const templates = new WeakMap<AuthInfo, string>()

/** Notes that a token is one of many tenants' issuer: events name that one, of which there are few, and not each tenant's. */
export function nameIssuer(auth: AuthInfo, template: string): void {
  templates.set(auth, template)
}

/** Notes on a refusal whose verified token it was. */
export function attribute<Refusal>(refusal: Refusal, auth: AuthInfo): Refusal {
  const issuer = templates.get(auth) ?? auth.payload.iss
  if (refusal instanceof OAuthError) refusal.refusedToken = { issuer, ...nameKey(auth.header.kid) }
  return refusal
}
