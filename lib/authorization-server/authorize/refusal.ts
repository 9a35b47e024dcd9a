import type { Detail } from '../../details.js'
import { InvalidRequestError, OAuthError } from '../../errors.js'

/** What a client is told (RFC 6749 §4.1.2.1, RFC 8707 §2, OpenID Connect Core §3.1.2.6). */
export type AuthorizationErrorCode =
  | 'invalid_request'
  | 'unsupported_response_type'
  | 'unauthorized_client'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  | 'login_required'
  | 'consent_required'
  | 'access_denied'

/** A refusal that the client is told of, by a redirect. */
export class AuthorizationRefusal extends Error {
  readonly error: string
  readonly detail: string | undefined
  constructor(error: AuthorizationErrorCode, description: string, { detail }: { detail: Detail }) {
    super(description)
    this.error = error
    this.detail = detail
  }
}

/** What the client is told; undefined: it is no refusal, but a fault. */
export interface Refused {
  error: string
  description: string
  detail: string | undefined
}

/** @param thrown while it is known where the browser may be sent */
export function asRefused(thrown: unknown): Refused | undefined {
  if (thrown instanceof AuthorizationRefusal) {
    return { error: thrown.error, description: thrown.message, detail: thrown.detail }
  }
  if (!(thrown instanceof OAuthError) || thrown.error === undefined || thrown.status >= 500) return undefined
  return { error: thrown.error, description: thrown.message, detail: thrown.detail }
}

/** A refusal that is shown to the person, and goes nowhere else. Not an OAuthError: no redirect is made of it. */
export class PageRefusal extends Error {
  readonly shown: OAuthError
  constructor(shown: OAuthError) {
    super(shown.message)
    this.shown = shown
  }
}

/** @param message a constant text */
export function refuseHere(message: string, { detail }: { detail: Detail }): PageRefusal {
  return new PageRefusal(new InvalidRequestError(message, { detail }))
}
