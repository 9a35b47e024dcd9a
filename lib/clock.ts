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

/** A date in the same seconds. */
export function epochOf(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}

/** A clock for ages: it never goes back. Its times mean something only beside each other. */
export interface ForwardClock extends Clock {
  /** The same as {@link now}, where the clock it goes by was read already. @param time what that one says at this moment */
  at(time: number): number
}

/**
 * Makes a clock that goes as the given one does, and goes on from where it was when that one is set back. So an age is
 * never negative and nothing stands still: not after an hour was set back, and not after a clock that was a day ahead
 * was corrected.
 *
 * What was set back while nobody asked cannot be seen; ages are shorter by as much.
 */
export function forwardClock(clock: Clock): ForwardClock {
  let last = Number.NEGATIVE_INFINITY
  let offset = 0

  function at(time: number): number {
    if (time < last) offset += last - time
    last = time
    return time + offset
  }

  return { now: () => at(clock.now()), at }
}
