/** Every stable code of a token that could not be had. */
export type TokenErrorCode = 'ERR_TOKEN_REFUSED' | 'ERR_TOKEN_UNAVAILABLE' | 'ERR_TOKEN_RESPONSE'

/** Why a token could not be had. Holds no secret, no token, and nothing that was sent or answered but short codes. */
export abstract class TokenClientError extends Error {
  abstract readonly code: TokenErrorCode

  constructor(message: string) {
    super(message)
    Object.defineProperty(this, 'name', { value: new.target.name, writable: true, configurable: true })
  }
}

/** The issuer refused the request: the secret is wrong, or the client may not have what was asked for (RFC 6749 §5.2). */
export class TokenRefusedError extends TokenClientError {
  readonly code = 'ERR_TOKEN_REFUSED'
  /** The HTTP status of the answer: 400, 401 or 403. */
  readonly status: number
  /** The OAuth error code of the answer, `invalid_client` say; undefined where it has none. */
  readonly error: string | undefined

  constructor(status: number, error: string | undefined) {
    super(`the issuer refused the token: ${error ?? status}`)
    this.status = status
    this.error = error
  }
}

/** The issuer was not reached in time, or answered 429 or 5xx; nothing more is asked of it before `retryAfter` has passed. */
export class TokenUnavailableError extends TokenClientError {
  readonly code = 'ERR_TOKEN_UNAVAILABLE'
  /** A short code: `timeout`, `network`, `status_503`, the system's code, or the `detail` of an answer that was no good. */
  readonly detail: string
  /** In how many whole seconds the issuer is asked again, at the earliest. 1 or more. */
  readonly retryAfter: number

  /** @param wait milliseconds */
  constructor(detail: string, wait: number) {
    const retryAfter = Math.max(1, Math.ceil(wait / 1000))
    super(`the issuer cannot give a token now: ${detail}; it is asked again in ${retryAfter} s`)
    this.detail = detail
    this.retryAfter = retryAfter
  }
}

/** What the issuer answered cannot be used: its metadata, or what its token endpoint gave. */
export class TokenResponseError extends TokenClientError {
  readonly code = 'ERR_TOKEN_RESPONSE'
  /** A short code that says what is wrong with it. */
  readonly detail: string

  constructor(detail: string) {
    super(`the issuer gave an answer that cannot be used: ${detail}`)
    this.detail = detail
  }
}
