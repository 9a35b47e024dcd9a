import { StoreUnavailableError } from '../../errors.js'

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
  if (typeof error !== 'object' || error === null || !('writeErrors' in error)) return undefined
  const failed: unknown[] = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors]
  const positions = failed.flatMap(one => (isRefusal(one) ? [one.index] : []))
  return positions.length > 0 && positions.length === failed.length ? positions : undefined
}

/** Mongoose 8 copies the driver's errors, and leaves the code behind, in `err`. */
function isRefusal(failed: unknown): failed is { index: number } {
  if (typeof failed !== 'object' || failed === null || !('index' in failed)) return false
  return typeof failed.index === 'number' && (isDuplicateKey(failed) || ('err' in failed && isDuplicateKey(failed.err)))
}

/** The driver's failures in the port's words; its own text stays in `cause`. A duplicate key is left as it is. */
export async function translate<R>(operation: Promise<R>): Promise<R> {
  try {
    return await operation
  } catch (error) {
    if (isOfDriver(error) && !isDuplicateKey(error)) throw new StoreUnavailableError('MongoDB did not answer', error)
    throw error
  }
}

/** What a write fails with that was not answered in time. */
export const late = (): StoreUnavailableError =>
  new StoreUnavailableError('MongoDB did not answer', new DOMException('not answered in time', 'TimeoutError'))

/** Names, not classes: the host's connection may come from another copy of the driver. */
function isOfDriver(error: unknown): boolean {
  return /^(?:Mongo|Mongoose|PoolCleared|DisconnectedError)/.test(nameOf(error)) || isOfSocket(error)
}

/** A socket that breaks while it is written to. The driver hands such an error on as it is: `EPIPE`, say. */
function isOfSocket(error: unknown): boolean {
  const { code }: { code?: unknown } = Object(error)
  return typeof code === 'string' && /^(?:E[A-Z\d]+$|ERR_(?:STREAM|SOCKET|SSL|TLS)_)/.test(code)
}

/** Was no server found in time? */
export function isUnfound(error: unknown): boolean {
  return /ServerSelection/.test(nameOf(causeOf(error)))
}

const NETWORK = /^TimeoutError$|ServerSelection|Network|PoolCleared|WaitQueue|Topology|NotConnected|Disconnected/

/** Was it the server that could not be reached, rather than one command that it refused? */
export function isOutage(error: unknown): boolean {
  const cause = causeOf(error)
  return NETWORK.test(nameOf(cause)) || isOfSocket(cause) || isUnsent(cause)
}

/** Writes of several documents fail by one name, whatever failed. What a server refuses has a code. */
function isUnsent(error: unknown): boolean {
  const { code }: { code?: unknown } = Object(error)
  return nameOf(error) === 'MongoBulkWriteError' && code === undefined
}

const causeOf = (error: unknown): unknown => (error instanceof StoreUnavailableError ? error.cause : undefined)

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')
