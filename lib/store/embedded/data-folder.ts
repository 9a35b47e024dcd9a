import { renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError, StoreUnavailableError } from '../../errors.js'
import { checkDataFile } from './data-file.js'
import { openRoot } from './environment.js'
import { createFile, makeFolder, sizeOf, syncFile, syncFolder } from './files.js'
import { lockFile } from './file-lock.js'

/** Something that the operator should know of, and that stops nothing. */
export interface StoreWarning {
  /** Other users of the machine may read or write this. */
  code: 'exposed'
  /** The folder, or a file in it. */
  path: string
  /** Its permissions in octal, `0644`. */
  mode: string
}

/** A folder that this process owns. */
export interface DataFolder {
  /** The data file: checked, for LMDB to open. */
  path: string
  /** Gives the folder back. */
  release(): void
}

const DATA_FILE = 'data.mdb'
/** LMDB's own, beside each data file. */
const LOCK_SUFFIX = '-lock'
/** Held by the owner. It is never removed: a process that locked a removed file would own nothing. */
const OWNER_FILE = 'owner.lock'
/** Longer than what LMDB puts into its lock file. */
const LOCK_FILE_SIZE = 16_384

/**
 * Makes a folder ready for LMDB: there, owned by this process, with a data file that is whole. New folders and files are
 * for this user alone.
 *
 * @throws StoreLockedError another process owns it, or another store of this one
 * @throws StoreUnavailableError it cannot be used; the data file is damaged
 */
export async function openFolder(folder: string, warn: (warning: StoreWarning) => void): Promise<DataFolder> {
  const releases: (() => void)[] = []
  const release = (): void => {
    for (const giveBack of releases.splice(0).reverse()) giveBack()
  }
  try {
    const paths = [folder, join(folder, OWNER_FILE), join(folder, DATA_FILE)] as const
    const [, owner, data] = paths
    makeFolder(folder)
    createFile(owner)
    releases.push(await lockFile(owner))
    if (inspect(() => sizeOf(data)) === 0) await createDataFile(folder)
    // The owner file may be removed, and the data file may be linked from elsewhere. Locks of Windows keep LMDB out.
    if (process.platform !== 'win32') releases.push(await lockFile(data))
    inspect(() => checkDataFile(data))
    prepareLockFile(data)
    for (const path of paths) warnOfExposure(path, warn)
    return { path: data, release }
  } catch (error) {
    release()
    if (error instanceof StoreError) throw error
    throw new StoreUnavailableError('the data folder cannot be used', error)
  }
}

/** Makes a folder that is removed with the process ready for LMDB. */
export function prepareVolatile(folder: string): string {
  const data = join(folder, DATA_FILE)
  createFile(data)
  prepareLockFile(data)
  return data
}

/** Says that the data file is damaged, where it is not the system that reports. */
function inspect<R>(look: () => R): R {
  try {
    return look()
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).errno === 'number') throw error
    throw new StoreUnavailableError('the data file is damaged', error)
  }
}

/** Under another name first: whoever is stopped in between leaves no half of a data file. */
async function createDataFile(folder: string): Promise<void> {
  const draft = join(folder, `${DATA_FILE}.new`)
  const remove = (): void => {
    for (const path of [draft, draft + LOCK_SUFFIX]) rmSync(path, { force: true })
  }
  remove()
  try {
    createFile(draft)
    prepareLockFile(draft)
    await openRoot(draft).close()
    syncFile(draft)
    renameSync(draft, join(folder, DATA_FILE))
    syncFolder(folder)
  } finally {
    remove()
  }
}

/**
 * LMDB maps its lock file: it is new, so that nothing of a process that is gone stands in it, and written in full, because
 * the first use of a page that the disk has no room for ends the process.
 */
function prepareLockFile(data: string): void {
  rmSync(data + LOCK_SUFFIX, { force: true })
  createFile(data + LOCK_SUFFIX, Buffer.alloc(LOCK_FILE_SIZE))
}

function warnOfExposure(path: string, warn: (warning: StoreWarning) => void): void {
  if (process.platform === 'win32') return
  const { mode } = statSync(path)
  if ((mode & 0o077) === 0) return
  try {
    warn({ code: 'exposed', path, mode: (mode & 0o7777).toString(8).padStart(4, '0') })
  } catch {
    // A listener's fault is the listener's.
  }
}
