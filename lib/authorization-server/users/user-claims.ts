import type { UserClaims } from './users-option.js'

/** What the server says itself, or what would make another token of it: never the host's to say. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'azp', 'auth_time', 'acr', 'amr'],
  ...['at_hash', 'c_hash', 's_hash', 'sid', 'cnf', 'events'],
])

/** Which scope asks for which claims (OpenID Connect Core §5.4). */
const CLAIMS_OF_SCOPES: Readonly<Record<string, readonly string[]>> = {
  profile: [
    ...['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
    ...['website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'],
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
}

const SCOPE_OF_CLAIM: ReadonlyMap<string, string> = new Map(
  Object.entries(CLAIMS_OF_SCOPES).flatMap(([scope, claims]) => claims.map(claim => [claim, scope] as const)),
)

/**
 * What of the host's claims a client may be told: the standard ones by their scope (with a language tag too: `name#ja`,
 * OpenID Connect Core §5.2), claims of other names always, those that the protocol needs never.
 */
export function releaseClaims(claims: UserClaims, scopes: readonly string[]): UserClaims {
  const entries = Object.entries(claims).filter(([name]) => {
    const [stem = ''] = name.split('#', 1)
    if (RESERVED.has(stem)) return false
    const scope = SCOPE_OF_CLAIM.get(stem)
    return scope === undefined || scopes.includes(scope)
  })
  return Object.fromEntries(entries)
}
