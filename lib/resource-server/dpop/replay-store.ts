import type { Clock } from '../../clock.js'
import { memoize } from '../../memoize.js'

/** Remembers which proofs were used (RFC 9449 §11.1). */
export interface ReplayStore {
  /**
   * Remembers an id until a time, in one step with the question whether it is known.
   *
   * @param id 43 characters of `[A-Za-z0-9_-]`
   * @param expiresAt milliseconds since the epoch; from then on it may be forgotten
   * @returns true where it was not known. What throws or rejects refuses the request with 503.
   */
  add(id: string, expiresAt: number): boolean | Promise<boolean>
}

/** Ids kept in a process, at most: about 170 MB. Beyond it the oldest are forgotten. */
const MAX_IDS = 1_000_000
/** Between two ids no more than so many milliseconds are counted as passed: a clock that jumped ahead tells of a whole day. */
const LONGEST_STEP = 1_000
/** Milliseconds an id is kept beyond its time, for the steps of so many jumps. */
const RESERVE = 60_000

interface Kept {
  /** Milliseconds since the epoch. */
  expiresAt: number
  /** Counted in short steps: so that a clock which was ahead for a while, and is corrected, brings back no proof that was used. */
  keptUntil: number
}

const stores = new WeakMap<Clock, ReplayStore>()

/** The store of this process: one for all guards, so that a proof used at one is not good at another. */
export function memoryReplays(clock: Clock): ReplayStore {
  return memoize<Clock, ReplayStore>(stores, clock, () => createMemoryReplays(clock))
}

/** @param max ids kept, at most */
export function createMemoryReplays(clock: Clock, max = MAX_IDS): ReplayStore {
  // In the order they came in: those to be forgotten first stand first, or nearly so.
  const ids = new Map<string, Kept>()
  let last = Number.NEGATIVE_INFINITY
  let passed = 0

  /** Two at most for each one that comes: nobody pays for a great clean-up. */
  function forget(now: number): void {
    let looked = 0
    for (const [id, { expiresAt, keptUntil }] of ids) {
      const isOver = expiresAt <= now && keptUntil <= passed
      if (looked++ === 2 || (!isOver && ids.size < max)) return
      ids.delete(id)
    }
  }

  return {
    add(id, expiresAt) {
      const now = clock.now()
      passed += Math.min(Math.max(0, now - last), LONGEST_STEP)
      last = now
      const known = ids.get(id)
      if (known !== undefined && known.expiresAt > now) return false
      ids.delete(id)
      forget(now)
      ids.set(id, { expiresAt, keptUntil: passed + expiresAt - now + RESERVE })
      return true
    },
  }
}
