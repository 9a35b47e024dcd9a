import { StoreUnavailableError } from '../../errors.js'
import requireLmdb from './require-lmdb.cjs'

/** LMDB, an optional peer: loaded on first use. @throws StoreUnavailableError it is not installed, or does not load here */
export function loadLmdb(): ReturnType<typeof requireLmdb> {
  try {
    return requireLmdb()
  } catch (error) {
    throw new StoreUnavailableError(isMissing(error) ? 'embeddedStore needs lmdb: npm install lmdb' : UNFIT, error)
  }
}

const UNFIT = 'lmdb cannot be loaded on this platform'

function isMissing(error: unknown): boolean {
  const { code, message }: { code?: unknown; message?: unknown } = Object(error)
  return code === 'MODULE_NOT_FOUND' && /^Cannot find (?:module|package) 'lmdb'/.test(String(message))
}
