import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import { StoreUnavailableError } from '../../errors.js'
import type { Store } from '../../store/port.js'
import { within } from '../../within.js'

/** How long after a vain attempt the next one begins, in milliseconds. */
const PAUSE = 250

export interface Waiting {
  /** How long the store is waited for, in seconds; 0: it is asked once. */
  startTimeout: number
  log: Pick<Logger, 'warn'>
  signal: AbortSignal | undefined
}

/**
 * Waits until the store answers, and says once that it waits.
 * @throws StoreUnavailableError it did not answer in time
 * @throws the reason of the signal, once it is aborted
 */
export async function awaitStore(store: Pick<Store, 'ping'>, { startTimeout, log, signal }: Waiting): Promise<void> {
  if (startTimeout === 0) return store.ping()
  const endsAt = performance.now() + startTimeout * 1000
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted()
    try {
      return await within(store.ping(), endsAt - performance.now(), late)
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || performance.now() + PAUSE >= endsAt) throw error
    }
    if (isFirst) log.warn({ startTimeout }, 'the store does not answer: waiting for it (START_TIMEOUT)')
    await setTimeout(PAUSE, undefined, signal && { signal })
  }
}

const late = (): StoreUnavailableError => new StoreUnavailableError('the store did not answer in time')
