import type { Clock } from '../../clock.js'
import type { CountedWindow, Counters } from '../../store/port.js'
import { after as timer } from '../../timers.js'
import { oneWay } from '../context/one-way.js'
import type { Window } from './limit.js'
import type { RateLimit } from './options.js'

/** How long a request waits for a counter, in milliseconds. */
const DEADLINE = 250
/** How long a counter that did not answer is left alone, in milliseconds. */
const PAUSE = 1_000
/** Questions that are under way at once. */
const MAX_UNDER_WAY = 100
/** The part of its limit that a process may keep to itself. */
const PART = 100

/** Adds what this process has counted to what the others have, and learns of theirs. */
export interface SharedCounts {
  /**
   * One more in this window.
   * @returns where it is to be waited for: the count of all processes. It never rejects: where nobody answers in time, it
   * is what is known here.
   */
  tell(name: string, key: string, window: Window, rate: RateLimit): Promise<number> | undefined
}

export interface SharedCountsServices {
  counters: Counters
  /** One that only goes forward. */
  clock: Clock
  /** Calls back after these milliseconds. @returns calls it off. Default: a timer that keeps no process alive */
  after?: typeof timer
}

/**
 * The store's counters, for one process. A hundredth of a limit is told at once: of 6 000 requests each sixtieth asks the
 * store, and none waits for it, so that processes together let through a hundredth more for each of them, and what comes
 * while an answer is on its way. A limit under 200 is exact: each request asks and waits, up to 250 ms.
 *
 * After one that has not answered in time nobody waits, and one in a second tries whether it answers again.
 */
export function createSharedCounts({ counters, clock, after = timer }: SharedCountsServices): SharedCounts {
  let underWay = 0
  /** When to ask again; undefined: the counters answer. */
  let pausedUntil: number | undefined

  function pause(): void {
    pausedUntil = clock.now() + PAUSE
  }

  /** Nobody else asks for a while: it is not known whether this one is answered. */
  function tries(): boolean {
    if (pausedUntil === undefined || clock.now() < pausedUntil) return false
    pause()
    return true
  }

  /** @returns undefined: nobody knows */
  async function ask(key: string, window: Window, length: number): Promise<number | undefined> {
    const by = window.untold
    window.untold = 0
    underWay++
    try {
      const answer = await counters.increment(oneWay(key), by, length)
      adopt(window, answer, length)
      return answer.count
    } catch {
      window.untold += by
      return undefined
    } finally {
      underWay--
    }
  }

  function adopt(window: Window, { count, endsIn }: CountedWindow, length: number): void {
    window.count = Math.max(window.count, count + window.untold)
    // One that a clock began which was ahead does not last longer here.
    window.endsAt = clock.now() + Math.min(endsIn, length * 1000)
  }

  function askInTime(key: string, window: Window, length: number): Promise<number> {
    const known = window.count
    return new Promise(resolve => {
      let isLate = false
      const callOff = after(DEADLINE, () => {
        isLate = true
        pause()
        resolve(known)
      })
      void ask(key, window, length).then(count => {
        callOff()
        if (count === undefined) pause()
        else if (!isLate) pausedUntil = undefined
        resolve(count ?? known)
      })
    })
  }

  return {
    tell(name, key, window, { limit, window: length }) {
      const step = Math.max(1, Math.floor(limit / PART))
      window.untold++
      if (window.untold < step || underWay >= MAX_UNDER_WAY) return undefined
      const isWorking = pausedUntil === undefined
      if (!isWorking && !tries()) return undefined
      const asking = askInTime(`${name} ${key}`, window, length)
      return isWorking && step === 1 ? asking : undefined
    },
  }
}
