import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../clock.js'
import { invalidType, StoreUnavailableError } from '../../errors.js'
import { withDeadlines } from '../deadline.js'
import type { Collection, RecordKind, Store, StoredRecord } from '../port.js'
import { AppendedCollection } from './appended-collection.js'
import { openFolder, prepareVolatile, type StoreWarning } from './data-folder.js'
import { EmbeddedCollection } from './embedded-collection.js'
import { Environment } from './environment.js'
import { loadLmdb } from './lmdb.js'

/** How long a read or a write may take, in milliseconds: a disk that is slow is no fault, one that hangs is. */
const OPERATION_TIMEOUT = 10_000

/** How long the opening may take, in milliseconds: of a large file every page is looked at. */
const OPENING_TIMEOUT = 600_000

export interface EmbeddedStoreOptions {
  /** Decides what is expired. Default: the machine's clock. */
  clock?: Clock
  /**
   * Told when the store opens, once for each folder or file that group or others may use. Default: a warning of the
   * process, `ScopegateWarning` with the code `SCOPEGATE_EXPOSED`.
   */
  onWarning?: (warning: StoreWarning) => void
}

/**
 * The embedded store: LMDB (`npm install lmdb`) in a folder, no server to run. A write is on disk when its promise resolves, and a crash
 * at any point loses none of them. One process owns the folder, by the operating system's lock. What it makes is for its
 * user alone (0700, 0600). It does not encrypt what it keeps. While the disk is full writes are refused, and reads go on.
 *
 * @param folder is made if it is absent; `:memory:` keeps nothing after `close()`
 * @throws StoreUnavailableError (at once) lmdb is not installed, or does not load on this platform
 * @throws StoreLockedError (from the first use on) another process owns the folder, or another store of this one
 * @throws StoreUnavailableError the folder cannot be used, or the data file in it is damaged; `cause` says why
 * @example
 * const store = embeddedStore('.scopegate')
 */
export function embeddedStore(folder: string, options: EmbeddedStoreOptions = {}): Store {
  const { clock = systemClock, onWarning = warnProcess } = options
  if (typeof folder !== 'string' || folder === '') throw invalidType('embeddedStore: folder must be a path')
  if (typeof onWarning !== 'function') throw invalidType('embeddedStore: onWarning must be a function')
  loadLmdb()
  const store = new EmbeddedStore(folder, clock, onWarning)
  return withDeadlines(store, { operation: OPERATION_TIMEOUT, opening: OPENING_TIMEOUT })
}

function warnProcess({ path, mode }: StoreWarning): void {
  process.emitWarning(`${path} can be used by other users of this machine (mode ${mode})`, {
    type: 'ScopegateWarning',
    code: 'SCOPEGATE_EXPOSED',
  })
}

interface Opened {
  environment: Environment
  release(): void
}

class EmbeddedStore implements Store {
  readonly #folder: string
  readonly #clock: Clock
  readonly #onWarning: (warning: StoreWarning) => void
  readonly #collections = new Map<string, unknown>()
  #opening: Promise<Opened> | undefined
  #closing: Promise<void> | undefined

  constructor(folder: string, clock: Clock, onWarning: (warning: StoreWarning) => void) {
    this.#folder = folder
    this.#clock = clock
    this.#onWarning = onWarning
  }

  async collection<T extends StoredRecord>(kind: RecordKind<T>): Promise<Collection<T>> {
    const { environment } = await this.#open()
    const known = this.#collections.get(kind.name)
    if (known !== undefined) return known as Collection<T>
    const Engine = kind.isAppended ? AppendedCollection : EmbeddedCollection
    const collection = new Engine(environment, kind, this.#clock)
    this.#collections.set(kind.name, collection)
    return collection
  }

  async ping(): Promise<void> {
    const { environment } = await this.#open()
    environment.assertOpen()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined)
    if (opened === undefined) return
    try {
      await opened.environment.close()
    } finally {
      opened.release()
    }
  }

  /** One that failed is tried again by the next use. */
  async #open(): Promise<Opened> {
    if (this.#closing !== undefined) throw new StoreUnavailableError('the store is closed')
    this.#opening ??= this.#folder === ':memory:' ? openTemporary() : openOwned(this.#folder, this.#onWarning)
    try {
      return await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }
}

async function openTemporary(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const release = (): void => {
    process.removeListener('exit', remove)
    remove()
  }
  process.once('exit', remove)
  try {
    chmodSync(folder, 0o700)
    return { environment: new Environment(prepareVolatile(folder), { volatile: true }), release }
  } catch (error) {
    release()
    throw new StoreUnavailableError('the data folder cannot be used', error)
  }
}

async function openOwned(folder: string, warn: (warning: StoreWarning) => void): Promise<Opened> {
  const { path, release } = await openFolder(folder, warn)
  try {
    return { environment: new Environment(path), release }
  } catch (error) {
    release()
    throw new StoreUnavailableError('the data file cannot be opened', error)
  }
}
