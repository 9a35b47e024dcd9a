import { StoreUnavailableError } from '../errors.js'
import { setTimeout } from '../timers.js'

/** How long after a vain attempt to reach the store the next one begins, in milliseconds. */
const PAUSE = 250

/** Whether a store is known not to answer, so that a request that needs several calls waits for the first one alone. */
export interface Outage {
  /** @throws StoreUnavailableError the store is known not to answer */
  assertOver(): void
  /** A call found that the store does not answer. From now on it is asked again and again, until it does. */
  begin(): void
  /** Asks no more. */
  stop(): void
}

/**
 * @param reach resolves when the store answers; rejects in bounded time where it does not
 * @param pause milliseconds
 */
export function createOutage(reach: () => Promise<void>, pause = PAUSE): Outage {
  let isOn = false
  let isStopped = false

  async function watch(): Promise<void> {
    while (isOn && !isStopped) {
      try {
        await reach()
        isOn = false
      } catch {
        await new Promise(resolve => setTimeout(resolve, pause).unref())
      }
    }
  }

  return {
    assertOver() {
      if (isOn) throw new StoreUnavailableError('the store does not answer')
    },
    begin() {
      if (isOn || isStopped) return
      isOn = true
      void watch()
    },
    stop() {
      isStopped = true
    },
  }
}
