import { randomFillSync } from 'node:crypto'
import type { ApiRecord } from '../../store/records.js'
import type { Account } from '../context/context.js'
import type { Signer } from '../keys/signing-keys.js'

/** What an access token is for: an API, or this server's `/userinfo`. */
export type TokenTarget = Pick<ApiRecord, 'identifier' | 'token_dialect' | 'token_lifetime'>

/** What an access token says. */
export interface AccessTokenGrant {
  account: Account
  api: TokenTarget
  /** The user, or the client itself (RFC 9068 §2.2). */
  subject: string
  clientId: string
  scope: string
  /** The granted scopes that stand in the API's catalogue. */
  permissions: readonly string[]
  /** The grant that it rests on: introspection finds it by the `jti`. Absent where a client asks for itself. */
  grantId?: string | undefined
}

export interface IssuedToken {
  token: string
  jti: string
  /** Seconds. */
  expiresIn: number
}

/**
 * Signs an access token (RFC 9068 §2): one audience, byte for byte the API's identifier; never `nbf`.
 * Does not ask whether the client may have it.
 *
 * @param issuedAt seconds
 */
export async function issueAccessToken(
  grant: AccessTokenGrant,
  signer: Signer,
  issuedAt: number,
): Promise<IssuedToken> {
  const { api, grantId } = grant
  const id = createTokenId()
  const jti = grantId === undefined ? id : `${grantId}.${id}`
  return { token: await signer.sign(accessTokenClaims(grant, issuedAt, jti)), jti, expiresIn: api.token_lifetime }
}

/**
 * The claims of an access token.
 * @param issuedAt seconds
 * @param jti absent: no token is made
 */
export function accessTokenClaims(
  { account, api, subject, clientId, scope, permissions }: AccessTokenGrant,
  issuedAt: number,
  jti?: string,
): Readonly<Record<string, unknown>> {
  return {
    iss: account.issuer,
    sub: subject,
    aud: api.identifier,
    client_id: clientId,
    account: account.name,
    scope,
    ...(api.token_dialect === 'access_token_authz' && { permissions }),
    iat: issuedAt,
    exp: issuedAt + api.token_lifetime,
    jti,
  }
}

/** Bytes of one `jti`. */
const ID_LENGTH = 16
const pool = Buffer.alloc(256 * ID_LENGTH)
let used = pool.length

/** 128 random bits, base64url. Drawn from a pool, because a call for random bytes costs more than the bytes. */
function createTokenId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_LENGTH
  return pool.toString('base64url', used - ID_LENGTH, used)
}
