import type { Model } from 'mongoose'
import type { Clock } from '../../clock.js'
import { ConflictError } from '../../errors.js'
import { and } from '../../query/tree.js'
import { assertPaths } from '../paths.js'
import type { Collection, FindOptions, Position, RecordKind, StoredRecord } from '../port.js'
import { isDuplicateKey, translate } from './failures.js'
import { fromStored, keyOf, type Stored, toStored, UNIQUE, uniqueEntry } from './model.js'
import { type MongoFilter, toFilter } from './to-filter.js'

/** How often a write is tried again after an expired record was cleared out of its way. */
const ATTEMPTS = 3

/** One record kind in MongoDB. Every write is one conditional operation on one document. */
export class MongoCollection<T extends StoredRecord> implements Collection<T> {
  readonly #model: Model<Stored>
  readonly #kind: RecordKind<T>
  readonly #clock: Clock

  constructor(model: Model<Stored>, kind: RecordKind<T>, clock: Clock) {
    this.#model = model
    this.#kind = kind
    this.#clock = clock
  }

  insert(record: T): Promise<T> {
    const first = { ...record, revision: 1 }
    return this.#unlessTaken(first, async () => {
      await this.#model.insertMany([toStored(first, this.#kind)], { lean: true })
      return structuredClone(first)
    })
  }

  async get(account: string, id: string): Promise<T | null> {
    const stored = await translate(this.#model.findOne(this.#keyFilter(account, id)).lean<Stored>().exec())
    return stored === null ? null : fromStored<T>(stored)
  }

  async find(account: string, { filter = and(), limit, after }: FindOptions): Promise<T[]> {
    assertPaths(filter, this.#kind)
    const conditions: MongoFilter[] = [{ account }, ...this.#notExpired(), toFilter(filter)]
    if (after !== undefined) conditions.push(olderThan(after))
    const query = this.#model.find({ $and: conditions }).sort({ createdAt: -1, id: -1 }).limit(limit)
    const stored = await translate(query.lean<Stored[]>().exec())
    return stored.map(fromStored<T>)
  }

  replace(record: T, revision: number): Promise<T | null> {
    const next = { ...record, revision: revision + 1 }
    const filter = { ...this.#keyFilter(record.account, record.id), revision }
    return this.#unlessTaken(next, async () => {
      const { modifiedCount } = await this.#model.replaceOne(filter, toStored(next, this.#kind)).exec()
      return modifiedCount === 1 ? structuredClone(next) : null
    })
  }

  async remove(account: string, id: string, revision?: number): Promise<boolean> {
    const filter = { ...this.#keyFilter(account, id), ...(revision !== undefined && { revision }) }
    const { deletedCount } = await translate(this.#model.deleteOne(filter).exec())
    return deletedCount === 1
  }

  async removeExpired(): Promise<number> {
    if (this.#kind.expiresAt === undefined) return 0
    const { deletedCount } = await translate(this.#model.deleteMany(this.#expired(this.#kind.expiresAt)).exec())
    return deletedCount
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

  /** Writes; where a unique key is in the way, clears away what is expired and tries again, or names what is taken. */
  async #unlessTaken<R>(record: T, write: () => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await write()
      } catch (error) {
        if (!isDuplicateKey(error)) return translate(Promise.reject(error))
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

function olderThan({ createdAt, id }: Position): MongoFilter {
  return { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, id: { $lt: id } }] }
}
