/** Up to a second after the first failure, in milliseconds; doubled with each further one. */
const FIRST = 1_000
const LONGEST = 10_000

/**
 * When to try again after failures: with jitter, so that a fleet does not come back as one. A success clears it.
 * Its times are those of a clock that never goes back.
 */
export class BackOff {
  #failures = 0
  #until = Number.NEGATIVE_INFINITY

  /** Did the last attempt fail? */
  get hasFailed(): boolean {
    return this.#failures > 0
  }

  /** Milliseconds to wait from now; 0 where an attempt is allowed. */
  remaining(now: number): number {
    return Math.max(0, this.#until - now)
  }

  /** How long the next attempt has been allowed, in milliseconds. */
  overdue(now: number): number {
    return now - this.#until
  }

  fail(now: number): void {
    const longest = Math.min(FIRST * 2 ** Math.min(this.#failures, 10), LONGEST)
    this.#failures++
    this.#until = now + longest * (0.6 + 0.4 * Math.random())
  }

  clear(): void {
    this.#failures = 0
    this.#until = Number.NEGATIVE_INFINITY
  }
}
