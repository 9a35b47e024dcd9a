import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { type Clock, systemClock } from '../../clock.js'
import { invalidType, StoreUnavailableError } from '../../errors.js'
import type { Collection, RecordKind, Store, StoredRecord } from '../port.js'
import { EmbeddedCollection } from './embedded-collection.js'
import { lockFolder } from './folder-lock.js'

export interface EmbeddedStoreOptions {
  /** Decides what is expired. Default: the machine's clock. */
  clock?: Clock
}

/**
 * The embedded store: LMDB in a folder, nothing to install. A write is on disk when its promise resolves, and a crash
 * at any point loses none of them. One process owns the folder. It does not encrypt what it keeps.
 *
 * @param folder is made if it is absent; `:memory:` keeps nothing after `close()`
 * @throws StoreLockedError (from the first use on) another process owns the folder
 * @throws StoreUnavailableError the folder cannot be used
 * @example
 * const store = embeddedStore('.scopegate')
 */
export function embeddedStore(folder: string, { clock = systemClock }: EmbeddedStoreOptions = {}): Store {
  if (typeof folder !== 'string' || folder === '') throw invalidType('embeddedStore: folder must be a path')
  return new EmbeddedStore(folder, clock)
}

interface Opened {
  root: RootDatabase<unknown, Buffer>
  release(): void
}

class EmbeddedStore implements Store {
  readonly #folder: string
  readonly #clock: Clock
  readonly #collections = new Map<string, unknown>()
  #opened: Opened | undefined
  #closed = false

  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
  }

  async collection<T extends StoredRecord>(kind: RecordKind<T>): Promise<Collection<T>> {
    const { root } = this.#open()
    const known = this.#collections.get(kind.name)
    if (known !== undefined) return known as Collection<T>
    const collection = new EmbeddedCollection(root, kind, this.#clock)
    this.#collections.set(kind.name, collection)
    return collection
  }

  async ping(): Promise<void> {
    this.#open()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#opened === undefined) return
    await this.#opened.root.close()
    this.#opened.release()
  }

  #open(): Opened {
    if (this.#closed) throw new StoreUnavailableError('the store is closed')
    this.#opened ??= this.#folder === ':memory:' ? openTemporary() : openFolder(this.#folder)
    return this.#opened
  }
}

function openTemporary(): Opened {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const root = openRoot(folder, true)
  return {
    root,
    release() {
      process.removeListener('exit', remove)
      remove()
    },
  }
}

function openFolder(folder: string): Opened {
  const release = lockFolder(folder)
  try {
    return { root: openRoot(folder, false), release }
  } catch (error) {
    release()
    throw new StoreUnavailableError('the data folder cannot be used', error)
  }
}

function openRoot(folder: string, volatile: boolean): RootDatabase<unknown, Buffer> {
  return open<unknown, Buffer>({
    path: join(folder, 'data.mdb'),
    keyEncoding: 'binary',
    encoding: 'msgpack',
    noSync: volatile,
    // A commit is one fsync'd transaction: what was acknowledged is on disk.
    overlappingSync: false,
  })
}
