import type { ErrorCode } from '../errors.js'

/** A guard refused a request. Holds no token and nothing a token carries but its issuer and key id, once verified. */
export interface GuardEvent {
  readonly type: 'refused'
  readonly code: ErrorCode
  readonly status: number
  /** The wire code of the body. */
  readonly error: string
  /** Which rule refused; for people, may change between versions. */
  readonly detail?: string
  /** `iss` and `kid` of the token, where it was verified before the refusal. */
  readonly issuer?: string
  readonly kid?: string
  /** What the route demanded, where that is known. */
  readonly scopes?: readonly string[]
  /** Milliseconds the guard worked on the request, waiting for keys and hooks included. */
  readonly duration: number
}
