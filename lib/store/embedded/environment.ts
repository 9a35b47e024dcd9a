import type { RootDatabase } from 'lmdb'
import { StoreUnavailableError } from '../../errors.js'
import { cutUnused } from './data-file.js'
import { loadLmdb } from './lmdb.js'
import { type Growth, Room } from './room.js'

export type Root = RootDatabase<unknown, Buffer>

/** How many changes share one transaction at most; what waits longer goes into the next one. */
const MAX_CHANGES = 1_000

/** A change that waits for a transaction. */
interface Change {
  /** Makes it. Never throws. */
  make(): Outcome
  reject(error: unknown): void
  growth: Growth
}

/** Tells the caller; called once the transaction is on disk. */
type Outcome = () => void

export interface EnvironmentOptions {
  /** Writes are not waited for on their way to the disk. */
  volatile?: boolean
  readOnly?: boolean
}

/** Opens LMDB's environment in a file. @throws an error of the system's or LMDB's */
export function openRoot(path: string, { volatile = false, readOnly = false }: EnvironmentOptions = {}): Root {
  return loadLmdb().open<unknown, Buffer>({
    path,
    keyEncoding: 'binary',
    encoding: 'msgpack',
    readOnly,
    noSync: volatile,
    // A commit is one fsync'd transaction: what was acknowledged is on disk.
    overlappingSync: false,
    // With it, every commit has a promise that nobody is given, and that rejects when the disk is full.
    eventTurnBatching: false,
  })
}

/**
 * LMDB's environment in one file, and the queue of changes to it. One transaction is under way at a time; changes that
 * come meanwhile share the next one. After a transaction that failed the environment is opened anew: LMDB does not go on
 * after some failures, and which they were cannot be told.
 */
export class Environment {
  readonly #path: string
  readonly #options: EnvironmentOptions
  #root: Root | undefined
  /** Absent where the file is open for reading alone. */
  #room: Room | undefined
  /** Why the file could not be opened for writing. */
  #readOnlyBecause: unknown
  #waiting: Change[] = []
  #writing: Promise<void> | undefined
  #discarding = false
  #closing: Promise<void> | undefined

  /** @throws an error of the system's or LMDB's */
  constructor(path: string, options: EnvironmentOptions = {}) {
    this.#path = path
    this.#options = options
    this.#root = this.#openForWriting()
  }

  /** For reading, and for writing inside a change. Never to be kept across a turn. @throws StoreUnavailableError */
  get root(): Root {
    return this.#root ?? this.#openAgain()
  }

  /**
   * Makes a change in a transaction. What `change` throws fails this change alone, so it must throw before it writes.
   * @param growth what it changes
   * @throws StoreUnavailableError nothing was written
   */
  write<R>(change: () => R, growth: Growth): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) throw new StoreUnavailableError('the store is closed')
      this.#waiting.push({ make: () => makeChange(change, resolve, reject), reject, growth })
      this.#writing ??= this.#writeAll()
    })
  }

  /** @throws StoreUnavailableError it is closed, or cannot be opened again */
  assertOpen(): void {
    this.root.getStats()
  }

  /** Writes what waits, then closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#writing
    await this.#release()
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commit()
    this.#writing = undefined
  }

  async #commit(): Promise<void> {
    let changes: Change[] = []
    let outcomes: Outcome[] = []
    try {
      const root = this.#writable()
      if (!this.#hasRoom(root)) return
      await root.transaction(() => {
        changes = this.#waiting.splice(0, MAX_CHANGES)
        outcomes = changes.map(change => change.make())
      })
    } catch (error) {
      if (changes.length === 0) changes = this.#waiting.splice(0)
      const failure = unwritten(await causeOf(error))
      if (this.#readOnlyBecause === undefined) await this.#discard()
      outcomes = changes.map(change => () => change.reject(failure))
    }
    for (const tell of outcomes) tell()
  }

  /** Is there room for what waits? Else it is refused. What comes in before the transaction begins is little beside it. */
  #hasRoom(root: Root): boolean {
    const waiting = this.#waiting.slice(0, MAX_CHANGES)
    const records = waiting.reduce((sum, { growth }) => sum + growth.records, 0)
    const bytes = waiting.reduce((sum, { growth }) => sum + growth.bytes, 0)
    const { pageSize, lastPageNumber } = root.getStats() as { pageSize: number; lastPageNumber: number }
    try {
      this.#room?.make((lastPageNumber + 1) * pageSize, { records, bytes }, pageSize)
      return true
    } catch (error) {
      const failure = unwritten(error)
      for (const { reject } of this.#waiting.splice(0)) reject(failure)
      return false
    }
  }

  #openForWriting(): Root {
    const room = new Room(this.#path)
    try {
      const root = openRoot(this.#path, this.#options)
      this.#room = room
      return root
    } catch (error) {
      room.close()
      throw error
    }
  }

  /** @throws why the file cannot be written */
  #writable(): Root {
    if (this.#readOnlyBecause !== undefined) {
      // First: LMDB does not give back what it takes to open for reading alone, so that is not done for each write.
      cutUnused(this.#path)
      // What was opened for reading alone is closed when this returns.
      this.#release().catch(() => undefined)
    }
    const { root } = this
    if (this.#readOnlyBecause !== undefined) throw this.#readOnlyBecause
    return root
  }

  /** For reading alone, where the file cannot be written any more. */
  #openAgain(): Root {
    if (this.#closing !== undefined) throw new StoreUnavailableError('the store is closed')
    // A second environment on the file would share the state of the first one.
    if (this.#discarding) throw new StoreUnavailableError('the store is being opened again')
    try {
      cutUnused(this.#path)
      this.#root = this.#openForWriting()
    } catch (error) {
      this.#root = this.#openReadOnly()
      this.#readOnlyBecause = error
    }
    return this.#root
  }

  #openReadOnly(): Root {
    try {
      return openRoot(this.#path, { ...this.#options, readOnly: true })
    } catch (error) {
      throw new StoreUnavailableError('the store could not be opened again', error)
    }
  }

  /** LMDB closes within the turn, so that no read comes in between; the next use opens it again. */
  async #discard(): Promise<void> {
    this.#discarding = true
    try {
      await this.#release()
      // At once: whoever opens the file next may be another process.
      cutUnused(this.#path)
    } catch {
      // The next use tries it again, and says why it fails.
    } finally {
      this.#discarding = false
    }
  }

  async #release(): Promise<void> {
    const root = this.#root
    this.#root = undefined
    this.#readOnlyBecause = undefined
    this.#room?.close()
    this.#room = undefined
    await root?.close()
  }
}

function makeChange<R>(change: () => R, resolve: (result: R) => void, reject: (error: unknown) => void): Outcome {
  try {
    const result = change()
    return () => resolve(result)
  } catch (error) {
    return () => reject(unwritten(error))
  }
}

function unwritten(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError('the store could not be written', cause)
}

/** An error of a commit holds the promise of its cause, which is rejected in the same turn and needs an owner. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: unknown }
  try {
    await Promise.race([commitError, undefined])
    return error
  } catch (cause) {
    return cause
  }
}
