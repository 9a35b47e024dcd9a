/** Claims of an access token as they stand in its payload (RFC 7519 §4, RFC 9068 §2.2). */
export interface AccessTokenClaims {
  iss: string
  aud: string | string[]
  exp: number
  sub?: string
  iat?: number
  nbf?: number
  jti?: string
  client_id?: string
  scope?: string | string[]
  permissions?: string | string[]
  [claim: string]: unknown
}

/** The protected header of an access token. */
export interface AccessTokenHeader {
  alg: string
  typ?: string
  kid?: string
  [parameter: string]: unknown
}

/**
 * A verified access token: what `req.auth` holds. Frozen.
 * The first three members are those of express-oauth2-jwt-bearer, the others those of the MCP SDK's `AuthInfo`.
 */
export interface AuthInfo<Claims extends object = AccessTokenClaims> {
  readonly payload: Readonly<AccessTokenClaims & Claims>
  readonly header: Readonly<AccessTokenHeader>
  readonly token: string
  /** `client_id`, else `azp`, else `cid`; empty where the token names none. */
  readonly clientId: string
  /** The `scope` claim, else `scp`, as a list. */
  readonly scopes: string[]
  /** The `permissions` claim as a list, where it is a text with blanks or a list of texts. */
  readonly permissions?: string[]
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number
}

/** String in, claims out; knows nothing of requests. */
export interface AccessTokenVerifier {
  /**
   * Answers, and refuses, at once where nothing has to be waited for: a token that was verified before; a new one whose
   * issuer's keys are at hand, where no others wait. Else it gives a promise. `await` in a `try` fits both.
   *
   * @throws InvalidTokenError, TemporarilyUnavailableError (the issuer's keys cannot be had)
   */
  verify(token: string): AuthInfo | Promise<AuthInfo>
  /** Resolves when every issuer's key set is loaded. @throws TemporarilyUnavailableError */
  ready(): Promise<void>
}
