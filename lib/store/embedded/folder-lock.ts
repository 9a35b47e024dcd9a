import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { StoreLockedError, StoreUnavailableError } from '../../errors.js'

const FILE = 'owner.lock'

/**
 * Makes this process the folder's one owner. The mark of a process that is gone is taken over.
 * @returns how to give it back
 * @throws StoreLockedError another process owns it
 * @throws StoreUnavailableError the folder cannot be made or written
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, FILE)
  const mark = `${process.pid} ${startOf(process.pid)}`
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (let attempt = 0; attempt < 3; attempt++) {
      if (claim(path, mark)) return () => release(path, mark)
      if (isAlive(read(path))) throw new StoreLockedError('another process owns the data folder')
      rmSync(path, { force: true })
    }
  } catch (error) {
    if (error instanceof StoreLockedError) throw error
    throw new StoreUnavailableError('the data folder cannot be used', error)
  }
  throw new StoreLockedError('another process owns the data folder')
}

function claim(path: string, mark: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, mark)
    closeSync(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function release(path: string, mark: string): void {
  if (read(path) === mark) rmSync(path, { force: true })
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** A number is given to a new process some day: where the system tells, the start time says which process it was. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isAlive(mark: string): boolean {
  const [pid = '', start = ''] = mark.split(' ')
  if (!/^\d+$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return start === '' || startOf(Number(pid)) === start
}
