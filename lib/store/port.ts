import type { Clock } from '../clock.js'
import type { FieldTable } from '../query/fields.js'
import type { Filter } from '../query/tree.js'

/**
 * The store port: what an engine must do, in words. `test/store/contract.ts` is the same in code, and every engine passes it.
 *
 * - Every look-up names the account; a record of another account does not exist.
 * - What a promise resolved for is durable: it survives the death of the process at any later point.
 * - Records are plain data (strings, finite numbers, booleans, Dates, lists, objects; no null, no undefined, no `$` or
 *   dotted member names). What comes out is a copy of what went in: the caller may change either.
 * - An expired record (see {@link RecordKind.expiresAt}) does not exist, whether or not it was swept already: it is not
 *   returned, not replaced, not removed (`false`), and its unique keys are free.
 * - An engine's own failures leave as `ConflictError` or `StoreUnavailableError` (lib/errors.ts); neither carries a
 *   driver's text in its message.
 * - Every call is answered in bounded time: both engines are opened with deadlines, and so is a store of the host's own
 *   (deadline.ts).
 */
export interface Store {
  /** The records of one kind. Its indexes exist when this resolves. The same kind gives the same collection. */
  collection<T extends StoredRecord>(kind: RecordKind<T>): Promise<Collection<T>>
  /** Resolves when the store answers. @throws StoreUnavailableError */
  ping(): Promise<void>
  /**
   * Counters that every process on this store shares, whose windows go by this clock. An engine that one process alone
   * uses has none.
   */
  counters?(clock: Clock): Promise<Counters>
  /** Writes everything out and lets go of the store. A second call is harmless. */
  close(): Promise<void>
}

/** Counts of events in windows of time. They need not survive the store's death. */
export interface Counters {
  /**
   * Adds to the count of the key. Where no window of the key is running, one begins. Atomic: of any number of concurrent
   * callers each is given another count.
   * @param key any text of at most 200 characters
   * @param by 1 or more
   * @param length of a window that begins, in whole seconds
   * @throws StoreUnavailableError it is not known then whether it was counted
   */
  increment(key: string, by: number, length: number): Promise<CountedWindow>
}

export interface CountedWindow {
  /** What was added since the window began, this time included. */
  count: number
  /** In how many milliseconds the window ends. */
  endsIn: number
}

/** What every record has. */
export interface StoredRecord {
  /** Unique among the records of the kind and the account. */
  id: string
  account: string
  /** 1 when inserted; every replacement adds 1. The engine sets it. */
  revision: number
  createdAt: Date
  updatedAt: Date
}

/** A record kind, declared once: both engines read the declaration and nothing else. */
export interface RecordKind<T extends StoredRecord> {
  /** The collection's name, `[a-z_]+`. */
  name: string
  /** What ids of this kind start with (`api_`). */
  idPrefix: string
  /** Top-level text fields whose value no two records of an account share. A record without the field is not concerned. */
  unique: readonly (keyof T & string)[]
  /**
   * Paths with an index, for `eq`, ranges and prefixes. Dots step into objects and through lists.
   * The order newest first (createdAt, then id) has an index always.
   */
  indexes: readonly string[]
  /** Top-level text fields that a `text` node searches. */
  text: readonly (keyof T & string)[]
  /** Which fields a filter may name, and their types. A filter on any other path is a programming error and throws. */
  fields: FieldTable
  /** The top-level Date field that says from which moment on the record does not exist (`<=` now). Absent in the record: never. */
  expiresAt?: keyof T & string
  /**
   * Records come in large numbers, one after the other in time, and are hardly ever changed: an engine may keep many of them
   * together. Such a kind has no unique fields, and ids of `createId` for the time of `createdAt`.
   */
  isAppended?: boolean
}

/** Where a page ended: the next one starts after this record. */
export interface Position {
  createdAt: Date
  id: string
}

/** A part of a list. */
export interface Page<T> {
  records: T[]
  /**
   * Where the next page starts; null: there is none. A page is bounded in bytes and in the rows that are looked at for it:
   * it may be shorter than asked, even empty, and yet go on.
   */
  next: Position | null
}

export interface FindOptions {
  /** Default: every record. */
  filter?: Filter
  /** How many records at most, 1 or more. */
  limit: number
  /** Start after this position, exclusively. The record that stood there need not exist any more. */
  after?: Position
}

export interface Collection<T extends StoredRecord> {
  /**
   * Adds a record; its revision is set to 1 whatever it holds. Atomic: of several inserts that share a unique key exactly one succeeds.
   * @throws ConflictError naming every taken key; nothing was written
   */
  insert(record: T): Promise<T>
  /**
   * Adds records of any accounts in one go, each with revision 1 and each on its own: one whose key is taken is left out, the
   * others are added. Cheaper than one {@link insert} each, for what comes in large numbers. The caller leaves them alone meanwhile.
   * @returns how many were added
   * @throws StoreUnavailableError none, or some of them, were added
   */
  insertMany(records: readonly T[]): Promise<number>
  /** The record, or null. */
  get(account: string, id: string): Promise<T | null>
  /**
   * The records that fulfil the filter, newest first: createdAt descending, then id descending (byte order).
   * A walk from `next` to `after` sees each record that exists throughout exactly once, whatever is written meanwhile.
   * A page has about 2 MB and looks at 5 000 rows, at most, and at least one record where one is found; what looking takes
   * gives way to other work. A filter that demands one value of a unique field is answered by one page.
   */
  find(account: string, options: FindOptions): Promise<Page<T>>
  /**
   * Compare-and-set: replaces the record whose revision is still `revision` by this one (same account and id), as revision + 1.
   * Of any number of concurrent callers with one revision exactly one succeeds.
   * @returns the stored record, or null where the record does not exist or has another revision; nothing was written then
   * @throws ConflictError naming every unique key that another record holds; nothing was written
   */
  replace(record: T, revision: number): Promise<T | null>
  /** Removes the record, if its revision is still `revision` where one is given. @returns whether it did. */
  remove(account: string, id: string, revision?: number): Promise<boolean>
  /** Removes expired records of all accounts. @returns how many. */
  removeExpired(): Promise<number>
  /**
   * The account that comes next after this one, in byte order, among those that have a record of this kind; null: there is
   * none. So all accounts are gone through, one look-up for each. An account name is `[a-z0-9-]+`; the first is after `''`.
   */
  nextAccount(after: string): Promise<string | null>
}
