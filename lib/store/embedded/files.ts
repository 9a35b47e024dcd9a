import { chmodSync, closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Makes a folder, and those above it, for this user alone, whatever the umask. One that is there stays as it is. */
export function makeFolder(folder: string): void {
  try {
    createFolder(folder)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(folder) === folder) throw error
    makeFolder(dirname(folder))
    // Once: where nothing can be made (/proc) the same error comes again, whatever there is above.
    createFolder(folder)
  }
}

function createFolder(folder: string): void {
  try {
    mkdirSync(folder, FOLDER_MODE)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && statSync(folder).isDirectory()) return
    throw error
  }
  chmodSync(folder, FOLDER_MODE)
  syncFolder(dirname(folder))
}

/** Makes a file for this user alone, whatever the umask. @returns false where it is there; it stays as it is */
export function createFile(path: string, content = Buffer.alloc(0)): boolean {
  try {
    const descriptor = openSync(path, 'wx', FILE_MODE)
    try {
      fchmodSync(descriptor, FILE_MODE)
      writeFileSync(descriptor, content)
    } finally {
      closeSync(descriptor)
    }
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Brings the content of a file to the disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Brings the names in a folder to the disk, where the system lets it be opened for that. */
export function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // Windows does so by itself; a folder may be closed to reading.
  }
}

/** The size of a file in bytes, 0 where it is absent. @throws an error of the system's; also where it is no file */
export function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 0
  if (!found.isFile()) throw new Error('it is not a file')
  return found.size
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code
}
