import type { UserClaims } from './users-option.js'

/** Claims that say what a token is, from whom, for whom and how long: never the host's to set. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti'],
  ...['azp', 'nonce', 'auth_time', 'at_hash', 'c_hash', 's_hash', 'sid', 'events'],
  ...['client_id', 'account', 'scope', 'scp', 'permissions', 'cnf', 'token_use', 'typ', 'active', '__proto__'],
])

/** What the host says of a user, without what is not its to say. */
export function withoutReserved(claims: UserClaims): UserClaims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !RESERVED.has(name)))
}
