import { StoreUnavailableError } from '../../errors.js'
import { clearTimeout, setTimeout } from '../../timers.js'

const DUPLICATE_KEY = 11_000

/** Did a unique index refuse the write? */
export function isDuplicateKey(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === DUPLICATE_KEY
}

/**
 * Of several documents that were written, the positions of those that a unique index refused.
 * @returns undefined where something else failed
 */
export function refusedByIndex(error: unknown): number[] | undefined {
  if (!isDuplicateKey(error) || typeof error !== 'object' || error === null || !('writeErrors' in error))
    return undefined
  const failed: unknown[] = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors]
  const positions = failed.flatMap(one => {
    const isOne = isDuplicateKey(one) && typeof one === 'object' && one !== null && 'index' in one
    return isOne && typeof one.index === 'number' ? [one.index] : []
  })
  return positions.length === failed.length ? positions : undefined
}

/**
 * The driver's failures in the port's words; its own text stays in `cause`. What has not answered at the deadline counts as
 * failed, whatever the driver still waits for. A duplicate key is not a failure: it is left as it is.
 *
 * @param deadline milliseconds
 */
export async function translate<R>(operation: Promise<R>, deadline: number): Promise<R> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailableError('MongoDB did not answer in time')), deadline)
  })
  try {
    return await Promise.race([operation, late])
  } catch (error) {
    if (isOfDriver(error) && !isDuplicateKey(error)) throw new StoreUnavailableError('MongoDB did not answer', error)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Names, not classes: the host's connection may come from another copy of the driver. */
function isOfDriver(error: unknown): boolean {
  return error instanceof Error && /^(?:Mongo|Mongoose|PoolCleared|DisconnectedError)/.test(error.name)
}
