import { MAX_CLAIMS } from '../authorization-server/users/users.js'

/** Those of the scopes `profile` and `email` (OpenID Connect Core §5.1, §5.4), with their types. */
const CLAIMS: Readonly<Record<string, 'string' | 'number' | 'boolean'>> = {
  name: 'string',
  given_name: 'string',
  family_name: 'string',
  middle_name: 'string',
  nickname: 'string',
  preferred_username: 'string',
  email: 'string',
  email_verified: 'boolean',
  picture: 'string',
  profile: 'string',
  website: 'string',
  gender: 'string',
  birthdate: 'string',
  zoneinfo: 'string',
  locale: 'string',
  updated_at: 'number',
}

/** Characters of one claim. */
const MAX_LENGTH = 2_000

/** What is kept of what a provider says of a user: no claim of another name or type, and none that is too long. */
export function pickStandardClaims(
  claims: Readonly<Record<string, unknown>>,
): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {}
  let length = 2
  for (const [name, type] of Object.entries(CLAIMS)) {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    if (typeof value !== type || String(value).length > MAX_LENGTH) continue
    length += JSON.stringify({ [name]: value }).length
    if (length > MAX_CLAIMS) break
    kept[name] = value as string | number | boolean
  }
  return kept
}
