import { OIDC_SCOPES } from '../../scope.js'
import type { GrantRecord } from '../../store/user-records.js'
import type { Account } from '../context/context.js'
import type { UserClaims } from './users-option.js'
import type { Users } from './users.js'

/** Claims that say what a token is, from whom, for whom and how long: never the host's to set. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'acr', 'amr'],
  ...['azp', 'nonce', 'auth_time', 'at_hash', 'c_hash', 's_hash', 'sid', 'events'],
  ...['client_id', 'account', 'scope', 'scp', 'permissions', 'cnf', 'token_use', 'typ', 'active', '__proto__'],
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
 * What a client may be told of the user, in an ID token and at `/userinfo` alike: the standard claims by their scope (with a
 * language tag too: `name#ja`, OpenID Connect Core §5.2), claims of other names always, those that the protocol needs never.
 *
 * @param scopes those of the token; the host is told those of OpenID Connect
 * @throws TemporarilyUnavailableError `claimsOf` failed
 */
export async function releasedClaims(
  users: Users,
  account: Account,
  { user, claims: known }: Pick<GrantRecord, 'user' | 'claims'>,
  scopes: readonly string[],
): Promise<UserClaims> {
  const own = scopes.filter(scope => OIDC_SCOPES.has(scope) && scope !== 'offline_access')
  const claims = await users.claimsOf(account, user, own, known)
  return Object.fromEntries(Object.entries(claims).filter(([name]) => isReleased(name, own)))
}

function isReleased(name: string, scopes: readonly string[]): boolean {
  const [stem = ''] = name.split('#', 1)
  if (RESERVED.has(stem)) return false
  const scope = SCOPE_OF_CLAIM.get(stem)
  return scope === undefined || scopes.includes(scope)
}
