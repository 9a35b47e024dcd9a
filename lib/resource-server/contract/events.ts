/**
 * What a verifier reports through `onEvent`. `type` and `code` are stable. No event ever holds a token, a part of one,
 * or key material.
 */
export type VerifierEvent =
  | TokenRefusedEvent
  | KeySetLoadedEvent
  | KeySetFailedEvent
  | KeySetStaleEvent
  | KeySkippedEvent
  | MetadataIssuerMismatchEvent
  | InsecureIssuerEvent

/** A token was refused. `code` names the rule (`expired`, `signature`, `audience`, …): the `detail` of the error. */
export interface TokenRefusedEvent {
  type: 'token.refused'
  code: string
  /** The configured issuer that the token names; absent where it names none. */
  issuer?: string
  kid?: string
  /** Age of the issuer's keys, in milliseconds; absent where there are none. */
  ageMs?: number
}

/** An issuer's key set was fetched and replaced the former one. */
export interface KeySetLoadedEvent {
  type: 'key_set_loaded'
  code: 'loaded'
  issuer: string
  /** Usable keys in the set. */
  keys: number
  /** Milliseconds from the begin of the attempt, metadata included. */
  durationMs: number
  /** Age of the set it replaced, in milliseconds; absent where there was none. */
  ageMs?: number
}

/** An issuer's key set, or the metadata that names it, could not be had. */
export interface KeySetFailedEvent {
  type: 'key_set_failed'
  /** `timeout`, `network` (an answer broken off too), `status`, `redirect`, `too_large`, `not_json`, `not_a_key_set`, `no_metadata`, `jwks_uri`. */
  code: string
  issuer: string
  /** Of an answer that was not 200, with `status` and `redirect`. */
  httpStatus?: number
  durationMs: number
  /** When the next attempt is allowed, counted from the failure. */
  retryInMs: number
  /** Age of the set still in use; absent where there is none. */
  ageMs?: number
  cause?: unknown
}

/** The last good set has become too old to be used. Reported once per set. */
export interface KeySetStaleEvent {
  type: 'key_set_stale'
  code: 'too_old'
  issuer: string
  ageMs: number
}

/** An entry of a key set is of no use here; the others are used all the same. */
export interface KeySkippedEvent {
  type: 'key_skipped'
  /** `not_an_object`, `key_type`, `use`, `key_ops`, `alg`, `private`, `weak`, `corrupt`, `kid`. */
  code: string
  issuer: string
  kid?: string
}

/** The metadata document names another issuer than the one configured, and was refused (RFC 8414 §3.3). */
export interface MetadataIssuerMismatchEvent {
  type: 'metadata_issuer_mismatch'
  code: 'issuer_mismatch'
  issuer: string
  /** The issuer that the document names. */
  found: string
}

/** A verifier was built that may fetch the metadata and keys of an issuer by http (`allowInsecureRequests`). */
export interface InsecureIssuerEvent {
  type: 'insecure_issuer'
  code: 'insecure_issuer'
  issuer: string
}

/** Receives events. What it throws, or rejects with, is ignored: a listener never changes an answer. */
export type EventListener = (event: VerifierEvent) => void
