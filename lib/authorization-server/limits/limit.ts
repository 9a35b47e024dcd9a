import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import { detach } from '../../detach.js'
import type { RateLimit } from './options.js'
import type { SharedCounts } from './shared-counts.js'

/** Windows that are remembered of each limit; the key of each has a few hundred bytes at most. */
const MAX_WINDOWS = 20_000

/** What this process knows of a window that is running. */
export interface Window {
  /** What is known to have been counted, by any process. */
  count: number
  /** Milliseconds, of the clock. */
  endsAt: number
  /** What of that the other processes have not been told. */
  untold: number
  isReported: boolean
}

/** One more than is allowed. */
export interface Excess {
  rate: RateLimit
  /** Seconds until the window ends, 1 or more. */
  seconds: number
  /** Is it the first of its window, in this process? */
  isFirst: boolean
}

/** Counts an event. A promise: another process may have counted too, and is asked. */
export type Limit = (key: string) => Excess | undefined | Promise<Excess | undefined>

/**
 * Counts events by key in fixed windows, each of which begins with its first event. What is known here decides at once;
 * whom else there is to ask, `shared` knows. The memory limiter of rate-limiter-flexible is not used for this: it keeps a
 * timer for each key and any number of keys, answers by promises alone, and goes by the machine's time.
 *
 * @param clock one that only goes forward
 */
export function createLimit(
  name: string,
  rate: RateLimit,
  { clock, shared }: { clock: Clock; shared?: SharedCounts | undefined },
): Limit {
  const { limit } = rate
  const length = rate.window * 1000
  const windows = new LRUCache<string, Window>({ max: MAX_WINDOWS })

  function windowAt(key: string, now: number): Window {
    const known = windows.get(key)
    if (known !== undefined && known.endsAt > now) return known
    const window = { count: 0, endsAt: now + length, untold: 0, isReported: false }
    windows.set(detach(key), window)
    return window
  }

  function excessOf(window: Window): Excess {
    const isFirst = !window.isReported
    window.isReported = true
    return { rate, seconds: Math.max(1, Math.ceil((window.endsAt - clock.now()) / 1000)), isFirst }
  }

  return function take(key) {
    const window = windowAt(key, clock.now())
    window.count++
    // Who is over it already need not be asked about.
    if (window.count > limit) return excessOf(window)
    const counting = shared?.tell(name, key, window, rate)
    return counting?.then(count => (count > limit ? excessOf(window) : undefined))
  }
}
