/** What a quoted-string may hold unescaped besides blanks: visible ASCII without `"` and `\` (RFC 9110 §5.6.4). */
const UNSAFE = /[^\x20-\x7e]/g

/** One value as a quoted-string. What no header may carry becomes `?`. */
export function quote(value: string): string {
  return `"${value.replace(UNSAFE, '?').replace(/["\\]/g, '\\$&')}"`
}

/**
 * Writes a challenge for `WWW-Authenticate` (RFC 9110 §11.6.1, RFC 6750 §3). Absent parameters are left out; the order is kept.
 * Every value is quoted, so that no text can end its parameter or begin another challenge.
 */
export function formatChallenge(
  scheme: 'Basic' | 'Bearer' | 'DPoP',
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const written = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quote(value)}`],
  )
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`
}
