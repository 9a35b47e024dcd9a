import { ignore } from '../outcome.js'
import { clearTimeout, setTimeout } from '../timers.js'
import type { Collection, StoredRecord } from './port.js'

/** How long after a round the next one begins, in milliseconds. */
const INTERVAL = 60_000

/** Removes records that have expired, so that what nobody asks for any more takes no room. */
export interface Sweeper {
  /** One round now; one at a time. Never rejects: what could not be removed is tried again in the next round. */
  run(): Promise<void>
  /** Begins a round after each minute. The process may end meanwhile. */
  start(): void
  /** Resolves when nothing is being removed any more. */
  stop(): Promise<void>
}

export function createSweeper(
  collections: readonly Pick<Collection<StoredRecord>, 'removeExpired'>[],
  interval = INTERVAL,
): Sweeper {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> = Promise.resolve()
  let isStopped = false

  async function sweep(): Promise<void> {
    for (const collection of collections) {
      if (isStopped) return
      // A store that does not answer says so to everybody who needs it.
      await collection.removeExpired().catch(ignore)
    }
  }

  function run(): Promise<void> {
    running = running.then(sweep)
    return running
  }

  function start(): void {
    if (isStopped) return
    timer = setTimeout(() => run().then(start, ignore), interval)
    timer.unref()
  }

  return {
    run,
    start,
    stop() {
      isStopped = true
      clearTimeout(timer)
      return running
    },
  }
}
