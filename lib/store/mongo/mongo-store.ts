import { type Connection, createConnection, type Mongoose } from 'mongoose'
import { type Clock, systemClock } from '../../clock.js'
import { invalidType, invalidValue, StoreUnavailableError } from '../../errors.js'
import { ignore } from '../../outcome.js'
import { within } from '../../within.js'
import { withDeadlines } from '../deadline.js'
import type { Collection, Counters, RecordKind, Store, StoredRecord } from '../port.js'
import { isOutage, isUnfound, translate } from './failures.js'
import { createModel } from './model.js'
import { openMongoCounters } from './mongo-counters.js'
import { MongoCollection } from './mongo-collection.js'
import { isMongoUri, namesDatabase } from './uri.js'

export interface MongoStoreOptions {
  /** Decides what is expired. Default: the machine's clock. */
  clock?: Clock
  /** How long to look for a server when the store is opened, in milliseconds, 1 or more. Default 5 000. */
  serverSelectionTimeout?: number
  /**
   * How long one operation may take from then on, in milliseconds, 1 or more. Default 1 500. After one that took longer,
   * further ones are refused at once until the server answers again.
   */
  operationTimeout?: number
  /**
   * What the names of the collections begin with: 0 to 60 characters of `A-Z a-z 0-9 _ -`. Default `scopegate_`, so
   * `scopegate_apis`, `scopegate_clients`, …
   */
  prefix?: string
}

const PREFIX = /^[A-Za-z0-9_-]{0,60}$/

/** States of a mongoose connection. */
const CONNECTED = 1
const CONNECTING = 2

/** How long the driver goes on waiting for an answer that nobody waits for any more, in milliseconds. */
const SOCKET_TIMEOUT = 20_000

/**
 * How often each server is asked how it is, and how long it may take to answer that or to take a connection, in
 * milliseconds. Together they bound how long one that is silently gone is taken for the primary.
 */
const HEARTBEAT = 2_000
const CONNECT_TIMEOUT = 2_000

/** How long the driver may take to end its sessions when the store is closed, in milliseconds. */
const CLOSE_TIMEOUT = 1_000

/** How long the making of indexes may take, in milliseconds: of many records it takes a while. */
const INDEX_TIMEOUT = 600_000

/**
 * The store on MongoDB: a standalone server, a replica set, a sharded cluster, or a compatible server whose conditional
 * update is atomic. It connects on first use; writes are acknowledged by a majority. It keeps what it is given as it is.
 *
 * @param target a connection string with a database name; or an open mongoose connection of the host's, or `mongoose` itself
 * where its default connection is open, which `close()` leaves open
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @throws StoreUnavailableError (from the first use on) no server answers, or the host's connection is not open
 * @example
 * const store = mongoStore('mongodb://127.0.0.1:27017/scopegate')
 */
export function mongoStore(target: string | Connection | Mongoose, options: MongoStoreOptions = {}): Store {
  const {
    clock = systemClock,
    serverSelectionTimeout = 5_000,
    operationTimeout = 1_500,
    prefix = 'scopegate_',
  } = options
  for (const [name, value] of Object.entries({ serverSelectionTimeout, operationTimeout })) {
    if (Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31) continue
    throw invalidValue(`mongoStore: ${name} must be an integer of 1 or more`)
  }
  if (typeof prefix !== 'string') throw invalidType('mongoStore: prefix must be a string')
  if (!PREFIX.test(prefix)) throw invalidValue(`mongoStore: prefix must match ${PREFIX.source}`)
  const store = new MongoStore(readTarget(target), { clock, serverSelectionTimeout, operationTimeout, prefix })
  const opening = serverSelectionTimeout + operationTimeout + INDEX_TIMEOUT
  return withDeadlines(store, { operation: operationTimeout, opening, isOutage })
}

function readTarget(target: string | Connection | Mongoose): string | Connection {
  if (typeof target === 'string') return readUri(target)
  const connection = 'connection' in Object(target) ? (target as Mongoose).connection : (target as Connection)
  if (typeof connection?.model !== 'function' || typeof connection.asPromise !== 'function') {
    throw invalidType('mongoStore: the first argument must be a connection string or a mongoose connection')
  }
  return connection
}

/** The user and the password in it stand in no message. */
function readUri(uri: string): string {
  if (!isMongoUri(uri)) {
    throw invalidValue('mongoStore: the connection string must start with mongodb:// or mongodb+srv://')
  }
  if (!namesDatabase(uri))
    throw invalidValue('mongoStore: the connection string must name a database: mongodb://host/database')
  return uri
}

class MongoStore implements Store {
  readonly #target: string | Connection
  readonly #options: Required<MongoStoreOptions>
  readonly #collections = new Map<string, Promise<unknown>>()
  #connection: Connection | undefined
  #closed = false

  constructor(target: string | Connection, options: Required<MongoStoreOptions>) {
    this.#target = target
    this.#options = options
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
    const { db } = await this.#connect()
    if (db === undefined) throw new StoreUnavailableError('MongoDB did not answer')
    // Who takes no writes is not ready.
    await translate(db.command({ ping: 1 }, { readPreference: 'primary' }))
  }

  async counters(clock: Clock): Promise<Counters> {
    const { db } = await this.#connect()
    if (db === undefined) throw new StoreUnavailableError('MongoDB did not answer')
    return openMongoCounters(db, `${this.#options.prefix}limits`, clock)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (typeof this.#target !== 'string' || this.#connection === undefined) return
    // One that never stood is closed once the driver has given up: nobody has written by it, and nobody waits for that.
    const isUnused = this.#connection.readyState === CONNECTING
    const closing = within(this.#connection.close(), CLOSE_TIMEOUT, ignore).catch(ignore)
    if (!isUnused) await closing
  }

  async #openCollection<T extends StoredRecord>(kind: RecordKind<T>): Promise<Collection<T>> {
    const { clock, prefix, operationTimeout } = this.#options
    const model = createModel(await this.#findServer(), kind, prefix)
    await translate(model.createIndexes())
    return new MongoCollection(model, kind, clock, operationTimeout)
  }

  /** Looks as long as it is told to: one look of the driver's is as short as an operation. */
  async #findServer(): Promise<Connection> {
    const endsAt = performance.now() + this.#options.serverSelectionTimeout
    for (;;) {
      try {
        return await this.#connect()
      } catch (error) {
        if (!isUnfound(error) || performance.now() >= endsAt) throw error
      }
    }
  }

  /** A connection that stands, or once stood: the driver finds its way back by itself. */
  async #connect(): Promise<Connection> {
    const connection = this.#open()
    await translate(connection.asPromise())
    return connection
  }

  #open(): Connection {
    if (this.#closed) throw new StoreUnavailableError('the store is closed')
    if (typeof this.#target !== 'string') return assertOpened(this.#target)
    this.#connection ??= this.#createConnection(this.#target)
    return this.#connection
  }

  #createConnection(uri: string): Connection {
    const { serverSelectionTimeout, operationTimeout } = this.#options
    const connection = createConnection(uri, {
      // What nobody waits for any more is not sent when a server is found.
      serverSelectionTimeoutMS: Math.min(serverSelectionTimeout, operationTimeout),
      connectTimeoutMS: Math.min(serverSelectionTimeout, CONNECT_TIMEOUT),
      heartbeatFrequencyMS: HEARTBEAT,
      waitQueueTimeoutMS: operationTimeout,
      socketTimeoutMS: SOCKET_TIMEOUT,
      bufferCommands: false,
      autoIndex: false,
    })
    // Each use reports the failure itself; this keeps it from being an unhandled one.
    connection.asPromise().catch(() => {
      this.#connection = undefined
    })
    return connection
  }
}

/** Whoever waits for a connection that nobody opens waits for ever. */
function assertOpened(connection: Connection): Connection {
  if (connection.readyState === CONNECTED || connection.readyState === CONNECTING) return connection
  throw new StoreUnavailableError('the mongoose connection is not open: open it first, with mongoose.connect(…)')
}
