/**
 * Every error class and every stable code. Three families:
 *
 * - {@link OAuthError}: a refusal with an OAuth body (`error`, `error_description`), from the guards and the token endpoint;
 * - {@link ManagementError}: a refusal of the management API (`error_code`, `message`, `details`);
 * - {@link StoreError}: what a store engine reports, in the same words for every engine.
 *
 * Wrong arguments of our own functions are a `TypeError` with a `code` ({@link invalidType}, {@link invalidValue}).
 *
 * What serializes an error (`res.json(error)`, a logger) reads its enumerable members: those are the public ones. `name`,
 * `detail`, `cause` and `refusedToken` are there to be read by their names.
 */

export type Headers = Readonly<Record<string, string>>

/** What is known of a refusal beyond its constant, public text. Never a token, a secret or key material. */
export interface ErrorDetail {
  /** For logs and events: which rule refused, a short code. Not sent to the client. */
  detail?: string
  cause?: unknown
  headers?: Headers
}

/** What is known of a token that was refused; for events, not for the client. Proven only where it was verified first. */
export interface RefusedToken {
  /** The configured issuer that it names. */
  issuer?: string
  /** At most 200 characters. */
  kid?: string
  /** Age of the issuer's keys, in milliseconds. */
  ageMs?: number
}

/** Makes members that can be read, and are left out by what copies or serializes the error. */
function hide(error: Error, members: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(error, name, { value, writable: true, configurable: true, enumerable: false })
  }
}

/** What `error_description` may not hold (RFC 6749 §5.2, RFC 6750 §3). */
const UNSPEAKABLE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

/**
 * A refusal in OAuth's words. `message` is the public, constant description; the particular reason stands in `detail`
 * and `cause`, which never leave the process. In a description that somebody else wrote, `'` stands for `"`, and `?` for
 * every other character that RFC 6749 §5.2 does not allow.
 */
export abstract class OAuthError extends Error {
  /** The HTTP status. */
  abstract readonly status: number
  /** The same, by the name that http-errors gives it. */
  abstract readonly statusCode: number
  /** The wire code (`error` of RFC 6749 §5.2, RFC 6750 §3.1), or absent where the standard wants none. */
  abstract readonly error: string | undefined
  /** The stable code for programs. */
  abstract readonly code: string
  /** Response headers, the challenge among them; Express's final handler sends them too. */
  headers: Headers
  declare readonly detail: string | undefined
  /** Set where a token was read. */
  declare refusedToken: RefusedToken | undefined
  /** The message may be shown to the client (http-errors' convention). */
  readonly expose = true

  constructor(description: string, { detail, cause, headers = {} }: ErrorDetail = {}) {
    const message = description.replaceAll('"', "'").replace(UNSPEAKABLE, '?')
    super(message, cause === undefined ? undefined : { cause })
    hide(this, { name: new.target.name, detail, refusedToken: undefined })
    this.headers = headers
  }
}

/** 400: the request is malformed: two credentials, a repeated parameter, a body that cannot be read. */
export class InvalidRequestError extends OAuthError {
  readonly status = 400
  readonly statusCode = 400
  readonly error = 'invalid_request'
  readonly code = 'ERR_INVALID_REQUEST'
}

/** 413: a body above the limit; the wire code stays `invalid_request`. */
export class RequestTooLargeError extends OAuthError {
  readonly status = 413
  readonly statusCode = 413
  readonly error = 'invalid_request'
  readonly code = 'ERR_REQUEST_TOO_LARGE'
}

/** 408: the body did not arrive in time; the connection ends. The wire code stays `invalid_request`. */
export class RequestTimeoutError extends OAuthError {
  readonly status = 408
  readonly statusCode = 408
  readonly error = 'invalid_request'
  readonly code = 'ERR_REQUEST_TIMEOUT'
}

/** 405: the method is not served here; `Allow` names those that are. */
export class RequestMethodError extends OAuthError {
  readonly status = 405
  readonly statusCode = 405
  readonly error = 'invalid_request'
  readonly code = 'ERR_REQUEST_METHOD'
}

/** 401: no credential was presented. The challenge carries no error code (RFC 6750 §3.1). */
export class UnauthenticatedError extends OAuthError {
  readonly status = 401
  readonly statusCode = 401
  readonly error = undefined
  readonly code = 'ERR_UNAUTHENTICATED'
}

/** 401: the access token is malformed, expired, revoked, for someone else, or not signed by the issuer. */
export class InvalidTokenError extends OAuthError {
  readonly status = 401
  readonly statusCode = 401
  readonly error = 'invalid_token'
  readonly code = 'ERR_INVALID_TOKEN'
}

/** 401: the proof of possession is missing or not good (RFC 9449 §7.1). */
export class InvalidDpopProofError extends OAuthError {
  readonly status = 401
  readonly statusCode = 401
  readonly error = 'invalid_dpop_proof'
  readonly code = 'ERR_INVALID_DPOP_PROOF'
}

/** 401: the proof needs the nonce that `DPoP-Nonce` gives (RFC 9449 §9). */
export class UseDpopNonceError extends OAuthError {
  readonly status = 401
  readonly statusCode = 401
  readonly error = 'use_dpop_nonce'
  readonly code = 'ERR_USE_DPOP_NONCE'
}

/** 403: the token is good and does not carry the scope (RFC 6750 §3.1). */
export class InsufficientScopeError extends OAuthError {
  readonly status = 403
  readonly statusCode = 403
  readonly error = 'insufficient_scope'
  readonly code = 'ERR_INSUFFICIENT_SCOPE'
}

/** 401: client authentication failed. One text for every reason (RFC 6749 §5.2). */
export class InvalidClientError extends OAuthError {
  readonly status = 401
  readonly statusCode = 401
  readonly error = 'invalid_client'
  readonly code = 'ERR_INVALID_CLIENT'
}

/** 400: the code or refresh token is unknown, expired, used or another client's (RFC 6749 §5.2). */
export class InvalidGrantError extends OAuthError {
  readonly status = 400
  readonly statusCode = 400
  readonly error = 'invalid_grant'
  readonly code = 'ERR_INVALID_GRANT'
}

/** 400: this client may not use this grant type (RFC 6749 §5.2). */
export class UnauthorizedClientError extends OAuthError {
  readonly status = 400
  readonly statusCode = 400
  readonly error = 'unauthorized_client'
  readonly code = 'ERR_UNAUTHORIZED_CLIENT'
}

/** 400: the grant type is not served here (RFC 6749 §5.2). */
export class UnsupportedGrantTypeError extends OAuthError {
  readonly status = 400
  readonly statusCode = 400
  readonly error = 'unsupported_grant_type'
  readonly code = 'ERR_UNSUPPORTED_GRANT_TYPE'
}

/** 400: tokens of this kind cannot be revoked here (RFC 7009 §2.2.1). */
export class UnsupportedTokenTypeError extends OAuthError {
  readonly status = 400
  readonly statusCode = 400
  readonly error = 'unsupported_token_type'
  readonly code = 'ERR_UNSUPPORTED_TOKEN_TYPE'
}

/** 400: the scope breaks the grammar, or nothing of it is left after the API's policy (RFC 6749 §5.2). */
export class InvalidScopeError extends OAuthError {
  readonly status = 400
  readonly statusCode = 400
  readonly error = 'invalid_scope'
  readonly code = 'ERR_INVALID_SCOPE'
}

/** 400: the audience is not one this client may ask for. One text for every reason (RFC 8707 §2). */
export class InvalidTargetError extends OAuthError {
  readonly status = 400
  readonly statusCode = 400
  readonly error = 'invalid_target'
  readonly code = 'ERR_INVALID_TARGET'
}

/** 429: too many requests; `Retry-After` says in how many seconds to come back. */
export class RequestRateError extends OAuthError {
  readonly status = 429
  readonly statusCode = 429
  readonly error = 'temporarily_unavailable'
  readonly code = 'ERR_REQUEST_RATE'
}

/** 503: something this answer needs cannot be had now: the issuer's keys, or the store. `Retry-After` in seconds. */
export class TemporarilyUnavailableError extends OAuthError {
  readonly status = 503
  readonly statusCode = 503
  readonly error = 'temporarily_unavailable'
  readonly code = 'ERR_TEMPORARILY_UNAVAILABLE'
}

/** 500: a fault of ours. */
export class ServerError extends OAuthError {
  readonly status = 500
  readonly statusCode = 500
  readonly error = 'server_error'
  readonly code = 'ERR_SERVER'
}

/** The stable codes of the management API, each with its one status. */
export const MANAGEMENT_STATUS = {
  validation_error: 400,
  invalid_query: 400,
  unauthorized: 401,
  insufficient_scope: 403,
  system_resource: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  already_exists: 409,
  last_manager: 409,
  too_early: 409,
  key_in_use: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
  internal_error: 500,
  unavailable: 503,
} as const

export type ManagementCode = keyof typeof MANAGEMENT_STATUS

/** One fault of a request: the path of the faulty member (`permissions[0].value`), and what it must be. */
export interface ValidationIssue {
  path: string
  message: string
}

/** What `details` of a management error may hold. */
export interface ManagementDetails {
  fields?: string[]
  issues?: ValidationIssue[]
  /** Position in a query, counted from 0, at the start of the faulty term. */
  position?: number
}

/** A refusal of the management API. `message` is public. */
export class ManagementError extends Error {
  readonly errorCode: ManagementCode
  readonly status: number
  /** The same, by the name that http-errors gives it. */
  readonly statusCode: number
  readonly details: ManagementDetails
  readonly headers: Headers
  readonly expose = true

  constructor(
    errorCode: ManagementCode,
    message: string,
    {
      details = {},
      headers = {},
      cause,
    }: {
      details?: ManagementDetails
      headers?: Headers
      cause?: unknown
    } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    hide(this, { name: 'ManagementError' })
    this.errorCode = errorCode
    this.status = MANAGEMENT_STATUS[errorCode]
    this.statusCode = this.status
    this.details = details
    this.headers = headers
  }
}

/** What a store engine reports. */
export abstract class StoreError extends Error {
  abstract readonly code: string
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    hide(this, { name: new.target.name })
  }
}

/** A unique key of the record is taken by another record of the account. */
export class ConflictError extends StoreError {
  readonly code = 'ERR_CONFLICT'
  /** The taken keys, in the order the record kind declares them; `['id']` where the id itself is taken. */
  readonly fields: readonly string[]
  constructor(fields: readonly string[], cause?: unknown) {
    super(`already taken: ${fields.join(', ')}`, cause)
    this.fields = fields
  }
}

/** The store cannot be reached, or did not answer in time. */
export class StoreUnavailableError extends StoreError {
  readonly code = 'ERR_STORE_UNAVAILABLE'
}

/** The embedded store's folder is owned by another process. */
export class StoreLockedError extends StoreError {
  readonly code = 'ERR_STORE_LOCKED'
}

/** A key ring in the store is not what it must be. The message names the account and the rule, and nothing of the record. */
export class KeyRingError extends Error {
  readonly code = 'ERR_KEY_RING'
  constructor(account: string, fault: string) {
    super(`${fault} (account ${account})`)
    hide(this, { name: 'KeyRingError' })
  }
}

/** Every stable code that an error of scopegate can carry as `code`. */
export type ErrorCode =
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_INVALID_ARG_VALUE'
  | 'ERR_INVALID_REQUEST'
  | 'ERR_REQUEST_TOO_LARGE'
  | 'ERR_REQUEST_TIMEOUT'
  | 'ERR_REQUEST_METHOD'
  | 'ERR_UNAUTHENTICATED'
  | 'ERR_INVALID_TOKEN'
  | 'ERR_INVALID_DPOP_PROOF'
  | 'ERR_USE_DPOP_NONCE'
  | 'ERR_INSUFFICIENT_SCOPE'
  | 'ERR_INVALID_CLIENT'
  | 'ERR_INVALID_GRANT'
  | 'ERR_UNAUTHORIZED_CLIENT'
  | 'ERR_UNSUPPORTED_GRANT_TYPE'
  | 'ERR_UNSUPPORTED_TOKEN_TYPE'
  | 'ERR_INVALID_SCOPE'
  | 'ERR_INVALID_TARGET'
  | 'ERR_REQUEST_RATE'
  | 'ERR_TEMPORARILY_UNAVAILABLE'
  | 'ERR_SERVER'
  | 'ERR_CONFLICT'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_STORE_LOCKED'
  | 'ERR_KEY_RING'

/** A wrong argument of one of our functions: thrown by the factory that was called with it, quoting the option. */
export interface ArgumentError extends TypeError {
  code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE'
}

/** Builds the error for an argument of the wrong type. */
export function invalidType(message: string): ArgumentError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' as const })
}

/** Builds the error for an argument whose type is right and whose value is not. */
export function invalidValue(message: string): ArgumentError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' as const })
}
