/** One scope-token: printable ASCII without blank, `"` and `\` (RFC 6749 §3.3). */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Scopes that belong to OpenID Connect itself and never to an API's permissions (OpenID Connect Core §5.4, §11). */
export const OIDC_SCOPES: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'phone',
  'address',
  'offline_access',
])

/** Is this text one scope-token (RFC 6749 §3.3)? */
export function isScopeToken(text: string): boolean {
  return SCOPE_TOKEN.test(text)
}

/**
 * Reads a scope parameter or claim: scope-tokens with one blank between them (RFC 6749 §3.3).
 * Repeats are dropped, the order is kept.
 *
 * @returns the scopes, or null where the text breaks the grammar (a doubled, leading or trailing blank too).
 * The empty text is no scope at all: `[]`.
 */
export function parseScope(text: string): string[] | null {
  if (text === '') return []
  const tokens = text.split(' ')
  return tokens.every(isScopeToken) ? [...new Set(tokens)] : null
}

/** Writes scopes as a scope parameter or claim. */
export function formatScope(scopes: readonly string[]): string {
  return scopes.join(' ')
}

/** Does what was granted contain every scope demanded? Exact matches only: `read` never covers `read:users`. */
export function coversAll(granted: readonly string[], demanded: readonly string[]): boolean {
  for (const scope of demanded) if (!granted.includes(scope)) return false
  return true
}

/** Does what was granted contain at least one of the scopes demanded? */
export function coversAny(granted: readonly string[], demanded: readonly string[]): boolean {
  return demanded.some(scope => granted.includes(scope))
}
