import { type Connection, createConnection } from 'mongoose'
import { type Clock, systemClock } from '../../clock.js'
import { invalidType, invalidValue, StoreUnavailableError } from '../../errors.js'
import type { Collection, RecordKind, Store, StoredRecord } from '../port.js'
import { translate } from './failures.js'
import { createModel } from './model.js'
import { MongoCollection } from './mongo-collection.js'

export interface MongoStoreOptions {
  /** Decides what is expired. Default: the machine's clock. */
  clock?: Clock
  /** How long to look for a server when the store is opened, in milliseconds, 1 or more. Default 5 000. */
  serverSelectionTimeout?: number
  /** How long one operation may take from then on, in milliseconds, 1 or more. Default 2 000. */
  operationTimeout?: number
}

/** How long the driver goes on waiting for an answer that nobody waits for any more, in milliseconds. */
const SOCKET_TIMEOUT = 20_000

/** How long the making of indexes may take, in milliseconds: of many records it takes a while. */
const INDEX_TIMEOUT = 600_000

/**
 * The store on MongoDB: a standalone server, a replica set, a sharded cluster, or a compatible server whose conditional
 * update is atomic. It connects on first use; writes are acknowledged by a majority. It keeps what it is given as it is.
 *
 * @param target a connection string with a database name, or a mongoose connection of the host, which `close()` leaves open
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @throws StoreUnavailableError (from the first use on) no server answers
 * @example
 * const store = mongoStore('mongodb://127.0.0.1:27017/scopegate')
 */
export function mongoStore(target: string | Connection, options: MongoStoreOptions = {}): Store {
  const { clock = systemClock, serverSelectionTimeout = 5_000, operationTimeout = 2_000 } = options
  if (typeof target !== 'string' && typeof target?.model !== 'function') {
    throw invalidType('mongoStore: the first argument must be a connection string or a mongoose connection')
  }
  if (typeof target === 'string' && !/^mongodb(?:\+srv)?:\/\//.test(target)) {
    throw invalidValue('mongoStore: the connection string must start with mongodb:// or mongodb+srv://')
  }
  for (const [name, value] of Object.entries({ serverSelectionTimeout, operationTimeout })) {
    if (Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31) continue
    throw invalidValue(`mongoStore: ${name} must be an integer of 1 or more`)
  }
  return new MongoStore(target, clock, { serverSelectionTimeout, operationTimeout })
}

type Timeouts = Required<Pick<MongoStoreOptions, 'serverSelectionTimeout' | 'operationTimeout'>>

class MongoStore implements Store {
  readonly #target: string | Connection
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #collections = new Map<string, Promise<unknown>>()
  #connection: Connection | undefined
  #closed = false

  constructor(target: string | Connection, clock: Clock, timeouts: Timeouts) {
    this.#target = target
    this.#clock = clock
    this.#timeouts = timeouts
  }

  collection<T extends StoredRecord>(kind: RecordKind<T>): Promise<Collection<T>> {
    const known = this.#collections.get(kind.name)
    if (known !== undefined) return known as Promise<Collection<T>>
    const opening = this.#openCollection(kind)
    this.#collections.set(kind.name, opening)
    opening.catch(() => this.#collections.delete(kind.name))
    return opening
  }

  async ping(): Promise<void> {
    const connection = await this.#connect()
    if (connection.db === undefined) throw new StoreUnavailableError('MongoDB did not answer')
    await translate(connection.db.command({ ping: 1 }), this.#timeouts.operationTimeout)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (typeof this.#target === 'string') await this.#connection?.close().catch(() => undefined)
  }

  async #openCollection<T extends StoredRecord>(kind: RecordKind<T>): Promise<Collection<T>> {
    const model = createModel(await this.#connect(), kind)
    await translate(model.createIndexes(), INDEX_TIMEOUT)
    return new MongoCollection(model, kind, { clock: this.#clock, timeout: this.#timeouts.operationTimeout })
  }

  /** A connection that stands, or once stood: the driver finds its way back by itself. */
  async #connect(): Promise<Connection> {
    const connection = await this.#open()
    const { serverSelectionTimeout, operationTimeout } = this.#timeouts
    await translate(connection.asPromise(), serverSelectionTimeout + operationTimeout)
    return connection
  }

  async #open(): Promise<Connection> {
    if (this.#closed) throw new StoreUnavailableError('the store is closed')
    if (typeof this.#target !== 'string') return this.#target
    if (this.#connection === undefined) {
      this.#connection = createConnection(this.#target, {
        serverSelectionTimeoutMS: this.#timeouts.serverSelectionTimeout,
        connectTimeoutMS: this.#timeouts.serverSelectionTimeout,
        waitQueueTimeoutMS: this.#timeouts.operationTimeout,
        socketTimeoutMS: SOCKET_TIMEOUT,
        bufferCommands: false,
        autoIndex: false,
      })
      // Each use reports the failure itself; this keeps it from being an unhandled one.
      this.#connection.asPromise().catch(() => {
        this.#connection = undefined
      })
    }
    return this.#connection
  }
}
