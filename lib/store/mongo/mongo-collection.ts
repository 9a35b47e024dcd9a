import type { Model } from 'mongoose'
import type { Clock } from '../../clock.js'
import { copyData } from '../../copy.js'
import { ConflictError, StoreUnavailableError } from '../../errors.js'
import { and, eq, type Filter } from '../../query/tree.js'
import { within } from '../../within.js'
import { equalityOn } from '../equality.js'
import { PageBuilder, SCAN_ROWS } from '../page.js'
import { assertPaths } from '../paths.js'
import type { Collection, FindOptions, Page, Position, RecordKind, StoredRecord } from '../port.js'
import { isDuplicateKey, late, refusedByIndex, translate } from './failures.js'
import { fromStored, keyOf, MAJORITY, type Stored, toStored, UNIQUE, uniqueEntry } from './model.js'
import { type MongoFilter, toFilter } from './to-filter.js'

/** How often a write is tried again after an expired record was cleared out of its way. */
const ATTEMPTS = 3

/** Documents that the server sends at once for a page, at most: large ones come one by one, as far as they fit the page. */
const BATCH = 64

/** What the driver is told with a write. */
interface WriteOptions {
  writeConcern: typeof MAJORITY
  signal: AbortSignal
}

/** One record kind in MongoDB. Every write is one conditional operation on one document. */
export class MongoCollection<T extends StoredRecord> implements Collection<T> {
  readonly #model: Model<Stored>
  readonly #kind: RecordKind<T>
  readonly #clock: Clock
  readonly #operationTimeout: number
  readonly #unique: ReadonlySet<string>
  readonly #indexed: ReadonlySet<string>

  /** @param operationTimeout after so many milliseconds nobody waits for a write any more */
  constructor(model: Model<Stored>, kind: RecordKind<T>, clock: Clock, operationTimeout: number) {
    this.#model = model
    this.#kind = kind
    this.#clock = clock
    this.#operationTimeout = operationTimeout
    this.#unique = new Set(kind.unique)
    this.#indexed = new Set([...kind.unique, ...kind.indexes])
  }

  insert(record: T): Promise<T> {
    const first = { ...record, revision: 1 }
    return this.#unlessTaken(first, async options => {
      await this.#model.insertMany([toStored(first, this.#kind)], { ...options, lean: true })
      return copyData(first)
    })
  }

  async insertMany(records: readonly T[]): Promise<number> {
    if (records.length === 0) return 0
    const documents = records.map(record => toStored({ ...record, revision: 1 }, this.#kind))
    try {
      await this.#inTime(options => this.#model.insertMany(documents, { ...options, lean: true, ordered: false }))
      return records.length
    } catch (error) {
      const refused = refusedByIndex(error)
      if (refused === undefined) throw isDuplicateKey(error) ? unwritten(error) : error
      return records.length - refused.length + (await this.#insertEach(records, refused))
    }
  }

  /** What stands in the way may have expired. @returns how many were added */
  async #insertEach(records: readonly T[], positions: readonly number[]): Promise<number> {
    let added = 0
    for (const position of positions) {
      const record = records[position]
      if (record !== undefined && (await this.insert(record).then(isAdded, isTaken))) added++
    }
    return added
  }

  async get(account: string, id: string): Promise<T | null> {
    const stored = await translate(this.#model.findOne(this.#keyFilter(account, id)).lean<Stored>().exec())
    return stored === null ? null : fromStored<T>(stored)
  }

  async find(account: string, { filter = and(), limit, after }: FindOptions): Promise<Page<T>> {
    assertPaths(filter, this.#kind)
    const end = await this.#scanEnd(account, filter, after)
    const conditions: MongoFilter[] = [{ account }, ...this.#notExpired(), toFilter(filter)]
    if (after !== undefined) conditions.push(olderThan(after))
    if (end !== null) conditions.push(notOlderThan(end))
    const page = await translate(this.#collect({ $and: conditions }, limit))
    return page.next === null && end !== null ? { ...page, next: end } : page
  }

  /** Large documents are read as far as the page has room for them. */
  async #collect(conditions: MongoFilter, limit: number): Promise<Page<T>> {
    const query = this.#model.find(conditions).sort({ createdAt: -1, id: -1 })
    const page = new PageBuilder<T>(limit)
    const cursor = query
      .limit(limit + 1)
      .lean<Stored[]>()
      .cursor({ batchSize: Math.min(limit + 1, BATCH) })
    for await (const stored of cursor) if (page.endsBefore(fromStored<T>(stored), true)) return page.unfinished()
    return page.finished()
  }

  /**
   * A filter that no index serves alone is held against so many rows and no more: where do they end?
   * @returns null where the walk ends before
   */
  async #scanEnd(account: string, filter: Filter, after: Position | undefined): Promise<Position | null> {
    const node = equalityOn(filter, this.#indexed)
    const isServed = filter === node || (filter.type === 'and' && filter.nodes.length === 0)
    if (isServed || (node !== undefined && this.#unique.has(node.path))) return null
    const conditions: MongoFilter[] = [{ account }, ...this.#notExpired()]
    if (node !== undefined) conditions.push(toFilter(eq(node.path, node.value)))
    if (after !== undefined) conditions.push(olderThan(after))
    const query = this.#model
      .findOne({ $and: conditions }, { createdAt: 1, id: 1 })
      .sort({ createdAt: -1, id: -1 })
      .skip(SCAN_ROWS)
    const last = await translate(query.lean<Stored | null>().exec())
    return last === null ? null : { createdAt: last.createdAt, id: last.id }
  }

  replace(record: T, revision: number): Promise<T | null> {
    const next = { ...record, revision: revision + 1 }
    const filter = { ...this.#keyFilter(record.account, record.id), revision }
    return this.#unlessTaken(next, async options => {
      const { modifiedCount } = await this.#model.replaceOne(filter, toStored(next, this.#kind), options).exec()
      return modifiedCount === 1 ? copyData(next) : null
    })
  }

  async remove(account: string, id: string, revision?: number): Promise<boolean> {
    const filter = { ...this.#keyFilter(account, id), ...(revision !== undefined && { revision }) }
    const { deletedCount } = await this.#inTime(options => this.#model.deleteOne(filter, options).exec())
    return deletedCount === 1
  }

  async removeExpired(): Promise<number> {
    if (this.#kind.expiresAt === undefined) return 0
    const { deletedCount } = await translate(this.#model.deleteMany(this.#expired(this.#kind.expiresAt)).exec())
    return deletedCount
  }

  async nextAccount(after: string): Promise<string | null> {
    const conditions: MongoFilter[] = [{ account: { $gt: after } }, ...this.#notExpired()]
    const query = this.#model.findOne({ $and: conditions }, { account: 1 }).sort({ account: 1 })
    return (await translate(query.lean<Stored | null>().exec()))?.account ?? null
  }

  #expired(field: string): MongoFilter {
    return { [field]: { $lte: new Date(this.#clock.now()) } }
  }

  #notExpired(): MongoFilter[] {
    return this.#kind.expiresAt === undefined ? [] : [{ $nor: [this.#expired(this.#kind.expiresAt)] }]
  }

  #keyFilter(account: string, id: string): MongoFilter {
    return Object.assign({ _id: keyOf(account, id) }, ...this.#notExpired())
  }

  /**
   * A write, until nobody waits for it any more: the driver must not send it again then, be it to another primary. Whoever
   * was told that it has failed, and has read that it was not made, may have made it again.
   */
  #inTime<R>(write: (options: WriteOptions) => Promise<R>): Promise<R> {
    const giving = new AbortController()
    const giveUp = (): StoreUnavailableError => {
      const error = late()
      giving.abort(error)
      return error
    }
    return within(translate(write({ writeConcern: MAJORITY, signal: giving.signal })), this.#operationTimeout, giveUp)
  }

  /** Writes; where a unique key is in the way, clears away what is expired and tries again, or names what is taken. */
  #unlessTaken<R>(record: T, write: (options: WriteOptions) => Promise<R>): Promise<R> {
    return this.#inTime(options => this.#untilClear(record, () => write(options)))
  }

  async #untilClear<R>(record: T, write: () => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await write()
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        const fields = await this.#takenFields(record)
        if (fields.length > 0 || attempt === ATTEMPTS) throw new ConflictError(fields)
      }
    }
  }

  /** Which keys other, living records hold. Expired holders are removed on the way. */
  async #takenFields(record: T): Promise<string[]> {
    const own = keyOf(record.account, record.id)
    const fields = record.revision === 1 && (await this.#isHeld({ _id: own })) ? ['id'] : []
    for (const field of this.#kind.unique) {
      const value = record[field]
      if (typeof value !== 'string') continue
      const entry = { [UNIQUE]: uniqueEntry(field, record.account, value), _id: { $ne: own } }
      if (await this.#isHeld(entry)) fields.push(field)
    }
    return fields
  }

  async #isHeld(holder: MongoFilter): Promise<boolean> {
    const { expiresAt } = this.#kind
    if (expiresAt !== undefined) {
      await translate(this.#model.deleteMany({ $and: [holder, this.#expired(expiresAt)] }).exec())
    }
    return (await translate(this.#model.findOne(holder, { _id: 1 }).lean().exec())) !== null
  }
}

const isAdded = (): boolean => true

function isTaken(error: unknown): boolean {
  if (error instanceof ConflictError) return false
  throw error
}

const unwritten = (cause: unknown): StoreUnavailableError =>
  new StoreUnavailableError('MongoDB did not write all of it', cause)

function notOlderThan(end: Position): MongoFilter {
  return { createdAt: { $gte: end.createdAt }, $nor: [olderThan(end)] }
}

function olderThan({ createdAt, id }: Position): MongoFilter {
  return { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, id: { $lt: id } }] }
}
