import { compactVerify, createLocalJWKSet, errors } from 'jose'
import type { Account } from '../context/context.js'
import type { SigningKeys } from '../keys/signing-keys.js'

/** Characters of a hint that are looked at. */
const MAX_LENGTH = 16_384

/** Whom an ID token of ours is about, and which client got it. */
export interface IdTokenHint {
  sub: string
  clientId: string
}

/**
 * Verifies an ID token that a client hands back (OpenID Connect RP-Initiated Logout 1.0 §2). It may have expired: it shows
 * whom the client means, not that the user is there.
 * @returns undefined where it is no ID token of this issuer
 */
export async function verifyIdTokenHint(
  token: string,
  { name, issuer }: Account,
  signingKeys: Pick<SigningKeys, 'publicKeys'>,
): Promise<IdTokenHint | undefined> {
  if (token.length > MAX_LENGTH) return undefined
  const keys = createLocalJWKSet(await signingKeys.publicKeys(name))
  try {
    const { payload, protectedHeader } = await compactVerify(token, keys, { algorithms: ['RS256'] })
    if (protectedHeader.typ !== 'JWT') return undefined
    return readClaims(JSON.parse(new TextDecoder().decode(payload)), issuer)
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
      return undefined
    throw error
  }
}

/** An access token may be signed as a JWT too: it names its client and its scope, which an ID token does not. */
function readClaims(claims: unknown, issuer: string): IdTokenHint | undefined {
  if (typeof claims !== 'object' || claims === null) return undefined
  const { iss, sub, aud, client_id, scope }: Record<string, unknown> = { ...claims }
  if (iss !== issuer || client_id !== undefined || scope !== undefined) return undefined
  return typeof sub === 'string' && typeof aud === 'string' ? { sub, clientId: aud } : undefined
}
