import { StoreUnavailableError } from '../../errors.js'

const DUPLICATE_KEY = 11_000

/** Did a unique index refuse the write? */
export function isDuplicateKey(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === DUPLICATE_KEY
}

/** The driver's failures in the port's words; its own text stays in `cause`. */
export async function translate<R>(operation: Promise<R>): Promise<R> {
  try {
    return await operation
  } catch (error) {
    if (isOfDriver(error)) throw new StoreUnavailableError('MongoDB did not answer', error)
    throw error
  }
}

/** Names, not classes: the host's connection may come from another copy of the driver. */
function isOfDriver(error: unknown): boolean {
  return error instanceof Error && /^(?:Mongo|Mongoose|PoolCleared|DisconnectedError)/.test(error.name)
}
