/** A source of the current time. Every age, expiry and back-off of scopegate is read from one, so tests can set it. */
export interface Clock {
  /** The current time in milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() }

/** The clock's time as whole seconds, as `iat` and `exp` count it (RFC 7519 §2, NumericDate). */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000)
}
