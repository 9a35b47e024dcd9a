import type { Clock } from '../../lib/clock.js'

/** A clock that stands until it is moved. */
export interface SetClock extends Clock {
  /** Moves it by so many milliseconds. */
  advance(milliseconds: number): void
  set(now: number): void
}

export function setClock(now = Date.UTC(2026, 0, 31, 12)): SetClock {
  let time = now
  return {
    now: () => time,
    advance(milliseconds) {
      time += milliseconds
    },
    set(next) {
      time = next
    },
  }
}
