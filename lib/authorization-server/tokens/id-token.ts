import { hash } from 'node:crypto'
import type { Account } from '../context/context.js'
import type { Signer } from '../keys/signing-keys.js'
import type { UserClaims } from '../users/users-option.js'

/** Seconds. */
const ID_TOKEN_LIFETIME = 3600

/** What an ID token says. */
export interface IdTokenGrant {
  account: Account
  userId: string
  clientId: string
  /** That of the request to `/authorize`; none after a refresh. */
  nonce: string | undefined
  /** When the user signed in, in seconds; undefined: unknown. */
  authTime: number | undefined
  /** What may be released of the user. */
  claims: UserClaims
  /** The access token that it comes with. */
  accessToken: string
}

/**
 * Signs an ID token (OpenID Connect Core §2): RS256, `typ` JWT, for the client, one hour.
 * @param issuedAt seconds
 */
export function issueIdToken(
  { account, userId, clientId, nonce, authTime, claims, accessToken }: IdTokenGrant,
  signer: Signer,
  issuedAt: number,
): Promise<string> {
  const own = {
    iss: account.issuer,
    sub: userId,
    aud: clientId,
    azp: clientId,
    exp: issuedAt + ID_TOKEN_LIFETIME,
    iat: issuedAt,
    ...(authTime !== undefined && { auth_time: authTime }),
    ...(nonce !== undefined && { nonce }),
    at_hash: halfHash(accessToken),
  }
  return signer.sign({ ...claims, ...own }, 'JWT')
}

/** The left half of SHA-256, base64url (OpenID Connect Core §3.1.3.6). */
function halfHash(text: string): string {
  return hash('sha256', text, 'buffer').subarray(0, 16).toString('base64url')
}
