import { closeSync, constants, openSync } from 'node:fs'
import { StoreLockedError, StoreUnavailableError } from '../../errors.js'

/** A package without types. */
const PACKAGE: string = 'fs-native-extensions'

/** What it has. */
interface FileLocks {
  /** Locks the whole file for this descriptor alone. @returns false where another descriptor holds it */
  tryLock(descriptor: number): boolean
}

/**
 * Takes the operating system's lock on a file, at once or not at all. It belongs to this one opening of the file, in
 * whichever process, container or thread, and ends with it, however the process ends.
 *
 * @param path a file that exists, and that nobody removes
 * @returns how to give it back
 * @throws StoreLockedError it is held
 * @throws StoreUnavailableError it cannot be had on this platform or file system
 */
export async function lockFile(path: string): Promise<() => void> {
  const { tryLock } = await loadLocks()
  const descriptor = openSync(path, constants.O_RDWR)
  try {
    if (!tryLock(descriptor)) throw new StoreLockedError('another process owns the data folder')
  } catch (error) {
    closeSync(descriptor)
    if (error instanceof StoreLockedError) throw error
    throw new StoreUnavailableError('the data folder cannot be locked', error)
  }
  return () => closeSync(descriptor)
}

/** Loaded on first use: where it does not fit the platform, the rest of the module still loads. */
async function loadLocks(): Promise<FileLocks> {
  try {
    const { default: locks }: { default?: unknown } = await import(PACKAGE)
    if (areLocks(locks)) return locks
  } catch (error) {
    throw new StoreUnavailableError('the data folder cannot be locked on this platform', error)
  }
  throw new StoreUnavailableError('the data folder cannot be locked on this platform')
}

function areLocks(value: unknown): value is FileLocks {
  return typeof value === 'object' && value !== null && 'tryLock' in value && typeof value.tryLock === 'function'
}
