import type { Clock } from '../../clock.js'
import { StoreUnavailableError } from '../../errors.js'
import type { Filter } from '../../query/tree.js'
import type { Position, RecordKind, StoredRecord } from '../port.js'
import type { Environment, Root } from './environment.js'
import { IndexEntries } from './index-entries.js'
import {
  afterAccount,
  afterPrefix,
  bytesOf,
  expiryPrefix,
  newestFirst,
  recordKey,
  recordPrefix,
  uniqueKey,
  valueKey,
} from './keys.js'

/** What says that something was taken by nobody. */
const NOTHING: readonly string[] = []

/**
 * The records of one kind in LMDB: each under its id, and a key for each of its unique values and index entries. Everything
 * here is done within the turn: reads at any time, writes inside a change of the environment's.
 */
export class Table<T extends StoredRecord> {
  readonly kind: RecordKind<T>
  readonly #environment: Environment
  readonly #clock: Clock
  readonly #entries: IndexEntries<T>

  /** @param viewOf where the paths of the kind's indexes lead; default: the record itself */
  constructor(environment: Environment, kind: RecordKind<T>, clock: Clock, viewOf?: (record: T) => object) {
    this.kind = kind
    this.#environment = environment
    this.#clock = clock
    this.#entries = new IndexEntries(kind, viewOf)
  }

  /** @throws StoreUnavailableError */
  read<R>(look: () => R): R {
    try {
      return look()
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      throw new StoreUnavailableError('the store could not be read', error)
    }
  }

  isLive(record: T): boolean {
    const expiry = this.#entries.expiry(record)
    return expiry === undefined || expiry.getTime() > this.#clock.now()
  }

  get(account: string, id: string): T | null {
    return this.#live(bytesOf(recordKey(this.kind.name, account, id)))
  }

  /** The one record that has a unique value: its key is known, and no index is gone through. */
  getUnique(account: string, field: string, value: string): T | null {
    const holder = this.#root.get(bytesOf(uniqueKey(this.kind.name, account, field, value))) as Buffer | undefined
    return holder === undefined ? null : this.#live(holder)
  }

  /** Newest first, every record that fulfils the filter, among others, and among expired ones. Not to be kept across a turn. */
  *rows(account: string, filter?: Filter, after?: Position): Generator<T> {
    for (const { value } of this.#root.getRange(this.#entries.range(account, filter, after))) {
      const record = this.#root.get(value as Buffer) as T | undefined
      if (record !== undefined) yield record
    }
  }

  /** Adds a record, unless a key of it is taken. @returns what is taken */
  add(record: T): readonly string[] {
    const key = this.#key(record)
    const present = this.#root.get(key) as T | undefined
    const isTaken = present !== undefined && this.isLive(present)
    const taken = isTaken ? ['id', ...this.takenFields(record)] : this.takenFields(record)
    if (taken.length > 0) return taken
    for (const holder of this.#holders(record, key, present)) this.delete(this.#root.get(holder) as T)
    this.#root.putSync(key, record)
    for (const entry of this.#entries.of(record)) this.#root.putSync(bytesOf(entry), key)
    return NOTHING
  }

  /** Puts a record, no key of which another one has, in the place of another one. Entries that stay the same are left alone. */
  replace(record: T, replaced: T): void {
    const key = this.#key(record)
    if (this.#entries.areSame(record, replaced)) {
      this.#root.putSync(key, record)
      return
    }
    const entries = this.#entries.of(record)
    const before = this.#entries.of(replaced)
    for (const entry of before) if (!entries.has(entry)) this.#root.removeSync(bytesOf(entry))
    for (const holder of this.#holders(record, key, replaced))
      if (!holder.equals(key)) this.delete(this.#root.get(holder) as T)
    this.#root.putSync(key, record)
    for (const entry of entries) if (!before.has(entry)) this.#root.putSync(bytesOf(entry), key)
  }

  delete(record: T | undefined): void {
    if (record === undefined) return
    this.#root.removeSync(this.#key(record))
    for (const entry of this.#entries.of(record)) this.#root.removeSync(bytesOf(entry))
  }

  /** The unique fields of the record whose values others have. */
  takenFields(record: T): readonly string[] {
    if (this.kind.unique.length === 0) return NOTHING
    return this.#entries.unique(record).flatMap(({ field, key }) => {
      const holder = this.#root.get(bytesOf(key)) as Buffer | undefined
      if (holder === undefined || holder.equals(this.#key(record))) return []
      return this.#live(holder) === null ? [] : [field]
    })
  }

  /** @param limit how many at most @returns those that were removed */
  deleteExpired(limit: number): T[] {
    const start = expiryPrefix(this.kind.name)
    const end = bytesOf(start + valueKey(new Date(this.#clock.now() + 1)))
    const keys = [...this.#root.getRange({ start: bytesOf(start), end, limit })].map(({ value }) => value as Buffer)
    const expired = keys.map(key => this.#root.get(key) as T)
    for (const record of expired) this.delete(record)
    return expired
  }

  nextAccount(after: string): string | null {
    const { name } = this.kind
    const start = bytesOf(after === '' ? recordPrefix(name) : afterAccount(name, after))
    for (const { value } of this.#root.getRange({ start, end: bytesOf(afterPrefix(recordPrefix(name))) })) {
      const record = value as T
      if (this.isLive(record)) return record.account
    }
    return null
  }

  /** Another one after a failed transaction: never to be kept. */
  get #root(): Root {
    return this.#environment.root
  }

  #key({ account, id }: T): Buffer {
    return bytesOf(recordKey(this.kind.name, account, id))
  }

  #live(key: Buffer): T | null {
    const record = this.#root.get(key) as T | undefined
    return record !== undefined && this.isLive(record) ? record : null
  }

  /** The keys of the records that stand where this one goes: expired ones, and itself. @param present what is under its own key */
  #holders(record: T, key: Buffer, present: T | undefined): Buffer[] {
    if (present === undefined && this.kind.unique.length === 0) return []
    const unique = this.#entries.unique(record).map(({ key: held }) => this.#root.get(bytesOf(held)) as Buffer)
    const standing = [key, ...unique].filter(held => held !== undefined && this.#root.get(held) !== undefined)
    return [...new Map(standing.map(held => [held.toString('latin1'), held])).values()]
  }
}

/** Does the one come before the other in the order newest first? */
export function isNewer(one: Position, other: Position): boolean {
  const difference = one.createdAt.getTime() - other.createdAt.getTime()
  return difference === 0 ? newestFirst(one) < newestFirst(other) : difference > 0
}
