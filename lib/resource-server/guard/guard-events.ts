import type { ErrorCode } from '../../errors.js'
import type { VerifierEvent } from '../contract/events.js'

/** What a resource server reports through `onEvent`: each refusal once, and what the verifier does besides. */
export type ResourceServerEvent =
  | GuardEvent
  | ScopeClaimFailedEvent
  | IntrospectionFailedEvent
  | Exclude<VerifierEvent, { type: 'token.refused' }>

/** A guard refused a request. Holds no token, and nothing that a token carries but its issuer and key id. */
export interface GuardEvent {
  readonly type: 'refused'
  readonly code: ErrorCode
  readonly status: number
  /** The wire code of the body. */
  readonly error: string
  /** Which rule refused: a short, stable code. */
  readonly detail?: string
  /** The configured issuer that the token names; absent where there is no readable token, or it names another one. */
  readonly issuer?: string
  /** As the token says; proven where it was verified before the refusal. At most 200 characters. */
  readonly kid?: string
  /** Age of the issuer's keys in milliseconds; absent where there are none. */
  readonly ageMs?: number
  /** What the route demanded, where that is known. */
  readonly scopes?: readonly string[]
  /** Milliseconds the guard worked on the request, waiting for keys and hooks included. */
  readonly durationMs: number
}

/** The function of the option `scopeClaim` threw, or gave neither a text nor a list of texts: the token grants nothing. */
export interface ScopeClaimFailedEvent {
  readonly type: 'scope_claim_failed'
  /** The issuer of the token, which was verified. */
  readonly issuer: string
  readonly kid?: string
  /** What the function threw. */
  readonly cause: unknown
}

/** The issuer gave no usable answer about a token (option `introspection`): the requests that asked were answered with 503. */
export interface IntrospectionFailedEvent {
  readonly type: 'introspection_failed'
  /**
   * `client_refused` (401: `clientId` or `clientSecret` is wrong), `timeout`, `network`, `status`, `redirect`, `too_large`,
   * `not_json`, `not_an_answer`; `no_metadata`, `introspection_endpoint` (its metadata names no good one).
   */
  readonly code: string
  readonly issuer: string
  /** Of an answer that was not 200. */
  readonly httpStatus?: number
  readonly durationMs: number
  readonly cause: unknown
}
