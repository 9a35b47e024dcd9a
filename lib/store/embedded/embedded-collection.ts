import { promisify } from 'node:util'
import { isDate } from 'node:util/types'
import type { Clock } from '../../clock.js'
import { copyData } from '../../copy.js'
import { ConflictError, StoreUnavailableError } from '../../errors.js'
import { and, type CompareNode, type Filter, type Scalar } from '../../query/tree.js'
import { setImmediate } from '../../timers.js'
import { equalityOn } from '../equality.js'
import { PageBuilder } from '../page.js'
import { assertPaths } from '../paths.js'
import { sizeOf } from '../size.js'
import type { Collection, FindOptions, Page, Position, RecordKind, StoredRecord } from '../port.js'
import type { Environment, Root } from './environment.js'
import {
  afterAccount,
  afterPrefix,
  bytesOf,
  expiryKey,
  expiryPrefix,
  indexPrefix,
  type Key,
  newestFirst,
  recordKey,
  recordPrefix,
  uniqueKey,
  valueKey,
  valuePrefix,
} from './keys.js'
import { match, valuesAt } from './match.js'
import type { Growth } from './room.js'

/** How long rows are looked at before other requests have their turn, in milliseconds. */
const SLICE = 4

const nextTurn = promisify(setImmediate)

/** The pseudo path of the index that holds every record, newest first. */
const ORDER = ''

/** Expired records that are removed in one transaction: other writes have their turn in between. */
const SWEPT_AT_ONCE = 100

/** It gives back what it takes: also where there is hardly any room, it makes some. */
const REMOVAL: Growth = { records: 0, bytes: 0 }
const growthOf = (record: object): Growth => ({ records: 1, bytes: sizeOf(record) })
const growthOfAll = (records: readonly object[]): Growth => ({ records: records.length, bytes: sizeOf(records) })
/** One value as two records hold it; what is no scalar is taken for another one. */
const isSame = (one: unknown, other: unknown): boolean =>
  isDate(one) && isDate(other) ? one.getTime() === other.getTime() : one === other

/** What the entries of one account's indexes start with. */
interface Prefixes {
  account: string
  order: Key
  indexes: readonly (readonly [path: string, prefix: Key])[]
}

/** One record kind in LMDB: the record under its id, and a key each for its unique values and its index entries. */
export class EmbeddedCollection<T extends StoredRecord> implements Collection<T> {
  readonly #environment: Environment
  readonly #kind: RecordKind<T>
  readonly #clock: Clock
  readonly #indexed: ReadonlySet<string>
  readonly #unique: ReadonlySet<string>
  /** Of the account that was asked for last: of many records that are written, most have one account. */
  #prefixes: Prefixes | undefined

  constructor(environment: Environment, kind: RecordKind<T>, clock: Clock) {
    this.#environment = environment
    this.#kind = kind
    this.#clock = clock
    this.#indexed = new Set([...kind.unique, ...kind.indexes])
    this.#unique = new Set(kind.unique)
  }

  insert(record: T): Promise<T> {
    return this.#write(() => {
      const taken = this.#live(this.#key(record)) === null ? [] : ['id']
      const fields = [...taken, ...this.#takenFields(record)]
      if (fields.length > 0) return new ConflictError(fields)
      return this.#put({ ...record, revision: 1 })
    }, growthOf(record))
  }

  insertMany(records: readonly T[]): Promise<number> {
    return this.#write(() => {
      let added = 0
      for (const record of records) {
        if (this.#insertOne(record.revision === 1 ? record : { ...record, revision: 1 })) added++
      }
      return added
    }, growthOfAll(records))
  }

  /** As {@link insert} does, in the fewest steps: there are many of them. */
  #insertOne(record: T): boolean {
    const key = this.#key(record)
    const present = this.#root.get(key) as T | undefined
    if (present !== undefined && !this.#isExpired(present)) return false
    if (this.#takenFields(record).length > 0) return false
    if (present !== undefined || this.#unique.size > 0) {
      for (const holder of this.#holders(record, key)) this.#delete(this.#root.get(holder) as T)
    }
    this.#root.putSync(key, record)
    for (const entry of this.#entries(record)) this.#root.putSync(bytesOf(entry), key)
    return true
  }

  async get(account: string, id: string): Promise<T | null> {
    return this.#read(() => this.#live(bytesOf(recordKey(this.#kind.name, account, id))))
  }

  async find(account: string, { filter = and(), limit, after }: FindOptions): Promise<Page<T>> {
    assertPaths(filter, this.#kind)
    const unique = equalityOn(filter, this.#unique)
    if (unique !== undefined) return this.#read(() => this.#findUnique(account, unique, filter, after))
    const prefix = this.#rangeFor(account, filter)
    const start = after === undefined ? bytesOf(prefix) : keyAfter(bytesOf(prefix + newestFirst(after)))
    const range = { start, end: bytesOf(afterPrefix(prefix)) }
    const page = new PageBuilder<T>(limit)
    for (;;) {
      const found = this.#read(() => this.#scan(range, filter, page))
      if (found !== undefined) return found
      await nextTurn()
    }
  }

  /** Looks at rows for one slice of time; the range starts behind them then. @returns the page, where it ends */
  #scan(range: { start: Buffer; end: Buffer }, filter: Filter, page: PageBuilder<T>): Page<T> | undefined {
    const endsAt = performance.now() + SLICE
    for (const { key, value } of this.#root.getRange(range)) {
      if (page.isExhausted) return page.unfinished()
      if (performance.now() >= endsAt) return undefined
      const record = this.#live(value as Buffer)
      if (record !== null && page.endsBefore(record, match(filter, record, this.#kind.text))) return page.unfinished()
      range.start = keyAfter(key)
    }
    return page.finished()
  }

  /** At most one record has the value: its key is known, and no index is gone through. */
  #findUnique(account: string, { path, value }: CompareNode, filter: Filter, after: Position | undefined): Page<T> {
    const holder = this.#root.get(bytesOf(uniqueKey(this.#kind.name, account, path, String(value)))) as
      | Buffer
      | undefined
    const record = holder === undefined ? null : this.#live(holder)
    const fits = record !== null && match(filter, record, this.#kind.text) && isAfter(record, after)
    return { records: fits ? [record] : [], next: null }
  }

  replace(record: T, revision: number): Promise<T | null> {
    return this.#write(() => {
      const present = this.#live(this.#key(record))
      if (present === null || present.revision !== revision) return null
      const fields = this.#takenFields(record)
      if (fields.length > 0) return new ConflictError(fields)
      return this.#put({ ...record, revision: revision + 1 }, present)
    }, growthOf(record))
  }

  remove(account: string, id: string, revision?: number): Promise<boolean> {
    return this.#write(() => {
      const present = this.#live(bytesOf(recordKey(this.#kind.name, account, id)))
      if (present === null || (revision !== undefined && present.revision !== revision)) return false
      this.#delete(present)
      return true
    }, REMOVAL)
  }

  async removeExpired(): Promise<number> {
    let all = 0
    for (;;) {
      const removed = await this.#write(() => this.#removeSomeExpired(), REMOVAL)
      all += removed
      if (removed < SWEPT_AT_ONCE) return all
    }
  }

  async nextAccount(after: string): Promise<string | null> {
    const start = after === '' ? bytesOf(recordPrefix(this.#kind.name)) : bytesOf(afterAccount(this.#kind.name, after))
    const end = bytesOf(afterPrefix(recordPrefix(this.#kind.name)))
    return this.#read(() => {
      for (const { value } of this.#root.getRange({ start, end })) {
        const record = value as T
        if (!this.#isExpired(record)) return record.account
      }
      return null
    })
  }

  #removeSomeExpired(): number {
    const start = expiryPrefix(this.#kind.name)
    const end = bytesOf(start + valueKey(new Date(this.#clock.now() + 1)))
    const range = this.#root.getRange({ start: bytesOf(start), end, limit: SWEPT_AT_ONCE })
    const keys = [...range].map(({ value }) => value as Buffer)
    for (const key of keys) this.#delete(this.#root.get(key) as T)
    return keys.length
  }

  /** Another one after a failed transaction: never to be kept. */
  get #root(): Root {
    return this.#environment.root
  }

  /** Runs in one transaction. Checks come before writes: a transaction of lmdb's is not rolled back by a throw. */
  async #write<R>(change: () => R | ConflictError, growth: Growth): Promise<R> {
    const result = await this.#environment.write(change, growth)
    if (result instanceof ConflictError) throw result
    return result
  }

  #read<R>(look: () => R): R {
    try {
      return look()
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      throw new StoreUnavailableError('the store could not be read', error)
    }
  }

  #key({ account, id }: T): Buffer {
    return bytesOf(recordKey(this.#kind.name, account, id))
  }

  #live(key: Buffer): T | null {
    const record = this.#root.get(key) as T | undefined
    return record === undefined || this.#isExpired(record) ? null : record
  }

  #expiry(record: T): Date | undefined {
    return this.#kind.expiresAt === undefined ? undefined : (record[this.#kind.expiresAt] as Date | undefined)
  }

  #isExpired(record: T): boolean {
    const expiry = this.#expiry(record)
    return expiry !== undefined && expiry.getTime() <= this.#clock.now()
  }

  #takenFields(record: T): string[] {
    return this.#uniqueKeys(record).flatMap(({ field, key }) => {
      const holder = this.#root.get(bytesOf(key)) as Buffer | undefined
      if (holder === undefined || holder.equals(this.#key(record))) return []
      return this.#live(holder) === null ? [] : [field]
    })
  }

  #uniqueKeys(record: T): { field: string; key: Key }[] {
    return this.#kind.unique.flatMap(field => {
      const value = record[field]
      return typeof value === 'string' ? [{ field, key: uniqueKey(this.#kind.name, record.account, field, value) }] : []
    })
  }

  /** What can throw comes first. Entries that stay the same are left alone. @param replaced the record that this one takes the place of */
  #put(record: T, replaced?: T): T {
    const copy = copyData(record)
    const key = this.#key(record)
    if (replaced !== undefined && this.#hasSameEntries(record, replaced)) {
      this.#root.putSync(key, record)
      return copy
    }
    const entries = new Set(this.#entries(record))
    const before = new Set(replaced === undefined ? [] : this.#entries(replaced))
    for (const entry of before) if (!entries.has(entry)) this.#root.removeSync(bytesOf(entry))
    for (const holder of this.#holders(record, key)) {
      if (replaced === undefined || !holder.equals(key)) this.#delete(this.#root.get(holder) as T)
    }
    this.#root.putSync(key, record)
    for (const entry of entries) if (!before.has(entry)) this.#root.putSync(bytesOf(entry), key)
    return copy
  }

  /** Does nothing change that an index holds? Such a record is written alone; most replacements are like this. */
  #hasSameEntries(record: T, replaced: T): boolean {
    if (!isSame(record.createdAt, replaced.createdAt)) return false
    if (!isSame(this.#expiry(record), this.#expiry(replaced))) return false
    for (const path of this.#indexed) {
      const [values, before] = [valuesAt(record, path), valuesAt(replaced, path)]
      if (values.length !== before.length || !values.every((value, i) => isSame(value, before[i]))) return false
    }
    return true
  }

  /** Records that stand where this one goes: expired ones, and the one that it replaces. */
  #holders(record: T, key: Buffer): Buffer[] {
    const unique = this.#uniqueKeys(record).map(({ key: held }) => this.#root.get(bytesOf(held)) as Buffer)
    const present = [key, ...unique].filter(held => held !== undefined && this.#root.get(held) !== undefined)
    return [...new Map(present.map(held => [held.toString('latin1'), held])).values()]
  }

  #delete(record: T | undefined): void {
    if (record === undefined) return
    this.#root.removeSync(this.#key(record))
    for (const entry of this.#entries(record)) this.#root.removeSync(bytesOf(entry))
  }

  #entries(record: T): Key[] {
    const { name } = this.#kind
    const { account } = record
    const position = newestFirst(record)
    const prefixes = this.#prefixesOf(account)
    const entries = [prefixes.order + position]
    for (const [path, prefix] of prefixes.indexes) {
      for (const value of valuesAt(record, path)) {
        if (isScalar(value)) entries.push(valuePrefix(prefix, value) + position)
      }
    }
    const expiry = this.#expiry(record)
    if (expiry !== undefined) entries.push(expiryKey(name, expiry, account, record.id))
    return [...entries, ...this.#uniqueKeys(record).map(({ key }) => key)]
  }

  #prefixesOf(account: string): Prefixes {
    if (this.#prefixes?.account === account) return this.#prefixes
    const { name } = this.#kind
    const indexes = [...this.#indexed].map(path => [path, indexPrefix(name, account, path)] as const)
    this.#prefixes = { account, order: indexPrefix(name, account, ORDER), indexes }
    return this.#prefixes
  }

  #rangeFor(account: string, filter: Filter): Key {
    const node = equalityOn(filter, this.#indexed)
    const prefix = indexPrefix(this.#kind.name, account, node?.path ?? ORDER)
    return node === undefined ? prefix : valuePrefix(prefix, node.value)
  }
}

function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])])
}

function isAfter(record: StoredRecord, after: Position | undefined): boolean {
  return after === undefined || newestFirst(record) > newestFirst(after)
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value) || isDate(value)
}
