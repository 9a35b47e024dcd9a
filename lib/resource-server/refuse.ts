import { InvalidTokenError } from '../errors.js'

/** The public text of every refusal of a token: which rule refused is for events alone. */
const INVALID_TOKEN = 'The access token is invalid, expired or revoked'

/** @param detail the rule that refused, the stable code of the event */
export function refuse(detail: string, cause?: unknown): InvalidTokenError {
  return new InvalidTokenError(INVALID_TOKEN, cause === undefined ? { detail } : { detail, cause })
}
