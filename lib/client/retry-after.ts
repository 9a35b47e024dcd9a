/** Whatever an issuer asks for, it is asked again after an hour. Milliseconds. */
const LONGEST = 3_600_000

/**
 * Reads `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
 *
 * @param now what the date is counted from, in milliseconds since the epoch
 * @returns milliseconds, at most an hour; undefined where nothing sensible, or no time at all, is given
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  const text = value.trim()
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : /GMT$/.test(text) ? Date.parse(text) - now : Number.NaN
  return wait > 0 ? Math.min(wait, LONGEST) : undefined
}
