import { InvalidTokenError, TemporarilyUnavailableError } from '../errors.js'

/** The public text of every refusal of a token: which rule refused is for events alone. */
const INVALID_TOKEN = 'The access token is invalid, expired or revoked'

/** @param detail the rule that refused, the stable code of the event */
export function refuse(detail: string, cause?: unknown): InvalidTokenError {
  return new InvalidTokenError(INVALID_TOKEN, cause === undefined ? { detail } : { detail, cause })
}

/** Seconds after which a client may try again where a hook of the host, or a store, gave no answer. */
const RETRY_AFTER = '5'

/** What the token is good for could not be found out: 503, never 401. */
export function unanswered(detail: string, cause: unknown): TemporarilyUnavailableError {
  const headers = { 'Retry-After': RETRY_AFTER }
  return new TemporarilyUnavailableError('The access token cannot be checked now', { detail, cause, headers })
}
