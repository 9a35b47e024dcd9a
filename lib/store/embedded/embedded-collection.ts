import type { Clock } from '../../clock.js'
import { copyData } from '../../copy.js'
import { ConflictError } from '../../errors.js'
import { and, type CompareNode, type Filter } from '../../query/tree.js'
import { equalityOn } from '../equality.js'
import { assertPaths } from '../paths.js'
import type { Collection, FindOptions, Page, Position, RecordKind, StoredRecord } from '../port.js'
import { sizeOf } from '../size.js'
import { collectPage } from './collect-page.js'
import type { Environment } from './environment.js'
import { match } from './match.js'
import { type Growth, REMOVAL } from './room.js'
import { isNewer, Table } from './table.js'

/** Expired records that are removed in one transaction: other writes have their turn in between. */
const SWEPT_AT_ONCE = 100

const growthOf = (record: object): Growth => ({ records: 1, bytes: sizeOf(record) })
const growthOfAll = (records: readonly object[]): Growth => ({ records: records.length, bytes: sizeOf(records) })

/** One record kind, as the port has it. */
export class EmbeddedCollection<T extends StoredRecord> implements Collection<T> {
  readonly #environment: Environment
  readonly #table: Table<T>
  readonly #unique: ReadonlySet<string>

  constructor(environment: Environment, kind: RecordKind<T>, clock: Clock) {
    this.#environment = environment
    this.#table = new Table(environment, kind, clock)
    this.#unique = new Set(kind.unique)
  }

  insert(record: T): Promise<T> {
    return this.#write(() => {
      const stored = { ...record, revision: 1 }
      const copy = copyData(stored)
      const taken = this.#table.add(stored)
      return taken.length > 0 ? new ConflictError(taken) : copy
    }, growthOf(record))
  }

  insertMany(records: readonly T[]): Promise<number> {
    return this.#write(() => {
      let added = 0
      for (const record of records) if (this.#table.add({ ...record, revision: 1 }).length === 0) added++
      return added
    }, growthOfAll(records))
  }

  async get(account: string, id: string): Promise<T | null> {
    return this.#table.read(() => this.#table.get(account, id))
  }

  async find(account: string, { filter = and(), limit, after }: FindOptions): Promise<Page<T>> {
    assertPaths(filter, this.#table.kind)
    const unique = equalityOn(filter, this.#unique)
    if (unique !== undefined) return this.#table.read(() => this.#findUnique(account, unique, filter, after))
    return collectPage(this.#table, from => this.#table.rows(account, filter, from), {
      ...{ filter, limit },
      ...(after !== undefined && { after }),
    })
  }

  /** At most one record has the value. */
  #findUnique(account: string, { path, value }: CompareNode, filter: Filter, after: Position | undefined): Page<T> {
    const record = this.#table.getUnique(account, path, String(value))
    const fits = record !== null && match(filter, record, this.#table.kind.text)
    const isBehind = record !== null && (after === undefined || isNewer(after, record))
    return { records: fits && isBehind ? [record] : [], next: null }
  }

  replace(record: T, revision: number): Promise<T | null> {
    return this.#write(() => {
      const present = this.#table.get(record.account, record.id)
      if (present === null || present.revision !== revision) return null
      const taken = this.#table.takenFields(record)
      if (taken.length > 0) return new ConflictError(taken)
      const stored = { ...record, revision: revision + 1 }
      const copy = copyData(stored)
      this.#table.replace(stored, present)
      return copy
    }, growthOf(record))
  }

  remove(account: string, id: string, revision?: number): Promise<boolean> {
    return this.#write(() => {
      const present = this.#table.get(account, id)
      if (present === null || (revision !== undefined && present.revision !== revision)) return false
      this.#table.delete(present)
      return true
    }, REMOVAL)
  }

  async removeExpired(): Promise<number> {
    let all = 0
    for (;;) {
      const { length } = await this.#write(() => this.#table.deleteExpired(SWEPT_AT_ONCE), REMOVAL)
      all += length
      if (length < SWEPT_AT_ONCE) return all
    }
  }

  async nextAccount(after: string): Promise<string | null> {
    return this.#table.read(() => this.#table.nextAccount(after))
  }

  /** Runs in one transaction. Checks come before writes: a transaction of lmdb's is not rolled back by a throw. */
  async #write<R>(change: () => R | ConflictError, growth: Growth): Promise<R> {
    const result = await this.#environment.write(change, growth)
    if (result instanceof ConflictError) throw result
    return result
  }
}
