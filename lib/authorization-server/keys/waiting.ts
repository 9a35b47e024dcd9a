import { StoreUnavailableError } from '../../errors.js'
import { clearTimeout, setTimeout } from '../../timers.js'

/** How long the store is waited for where there is something to go on with, in milliseconds. */
const STORE_WAIT = 1_000

/** The run that is under way for the account, or a new one. */
export function once<T>(
  running: Map<string, Promise<T>>,
  account: string,
  run: (account: string) => Promise<T>,
): Promise<T> {
  let promise = running.get(account)
  if (promise === undefined) {
    const own = run(account).finally(() => {
      if (running.get(account) === own) running.delete(account)
    })
    promise = own
    running.set(account, own)
  }
  return promise
}

/** What the store answers; undefined: it cannot, or not within a second. */
export async function answerOf<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), STORE_WAIT).unref()
  })
  try {
    return await Promise.race([answer, waited])
  } catch (error) {
    if (error instanceof StoreUnavailableError) return undefined
    throw error
  } finally {
    clearTimeout(timer)
  }
}
