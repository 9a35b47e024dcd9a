import type { Clock } from '../../clock.js'
import { copyData } from '../../copy.js'
import { ConflictError } from '../../errors.js'
import { and, type Filter } from '../../query/tree.js'
import { equalityOn } from '../equality.js'
import { timeOfId } from '../ids.js'
import { assertPaths } from '../paths.js'
import type { Collection, FindOptions, Page, Position, RecordKind, StoredRecord } from '../port.js'
import { sizeOf } from '../size.js'
import {
  type Block,
  blockKind,
  candidatesIn,
  type Encoded,
  encode,
  fillBlocks,
  rowPath,
  rowsIn,
  viewOf,
  withoutRow,
} from './blocks.js'
import { collectPage } from './collect-page.js'
import type { Environment } from './environment.js'
import { REMOVAL } from './room.js'
import { isNewer, Table } from './table.js'

/** Expired blocks, and records by themselves, that are removed in one transaction. */
const SWEPT_AT_ONCE = 10

/**
 * A kind whose records come in large numbers, one after the other in time, and are hardly ever changed. What follows each
 * other stands in one block, which has one index entry for all its rows with the same value: so a record costs a fraction of
 * what it does by itself, in time and on disk.
 *
 * No two blocks overlap in time. A record that is not newer than everything there is (the clock was set back, or two
 * servers write at once) stands by itself, and reads go through both, side by side.
 */
export class AppendedCollection<T extends StoredRecord> implements Collection<T> {
  readonly #environment: Environment
  readonly #kind: RecordKind<T>
  readonly #indexed: ReadonlySet<string>
  readonly #blocks: Table<Block>
  readonly #singles: Table<T>

  constructor(environment: Environment, kind: RecordKind<T>, clock: Clock) {
    this.#environment = environment
    this.#kind = kind
    this.#indexed = new Set(kind.indexes)
    this.#blocks = new Table(environment, blockKind(kind), clock, viewOf)
    this.#singles = new Table(environment, kind, clock)
  }

  async insert(record: T): Promise<T> {
    const copy = copyData({ ...record, revision: 1 })
    if ((await this.insertMany([copy])) === 0) throw new ConflictError(['id'])
    return copy
  }

  insertMany(records: readonly T[]): Promise<number> {
    const encoded = records.map(given => {
      const record = given.revision === 1 ? given : { ...given, revision: 1 }
      return { record, line: encode(record) }
    })
    const bytes = encoded.reduce((sum, { line }) => sum + line.length, 0)
    return this.#environment.write(
      () => {
        let added = 0
        for (const [account, own] of byAccount(encoded)) added += this.#add(account, own)
        return added
      },
      { records: records.length, bytes },
    )
  }

  async get(account: string, id: string): Promise<T | null> {
    return this.#singles.read(() => this.#findInBlock(account, id)?.row ?? this.#singles.get(account, id))
  }

  async find(account: string, { filter = and(), limit, after }: FindOptions): Promise<Page<T>> {
    assertPaths(filter, this.#kind)
    return collectPage(this.#singles, from => this.#rows(account, filter, from), {
      ...{ filter, limit },
      ...(after !== undefined && { after }),
    })
  }

  replace(record: T, revision: number): Promise<T | null> {
    return this.#environment.write(
      () => {
        const stored = { ...record, revision: revision + 1 }
        const copy = copyData(stored)
        if (!this.#takeOut(record.account, record.id, revision)) return null
        this.#singles.add(stored)
        return copy
      },
      { records: 2, bytes: 2 * sizeOf(record) },
    )
  }

  remove(account: string, id: string, revision?: number): Promise<boolean> {
    return this.#environment.write(() => this.#takeOut(account, id, revision), REMOVAL)
  }

  async removeExpired(): Promise<number> {
    let all = 0
    for (;;) {
      const [blocks, singles] = await this.#environment.write(
        () => [this.#blocks.deleteExpired(SWEPT_AT_ONCE), this.#singles.deleteExpired(SWEPT_AT_ONCE)] as const,
        REMOVAL,
      )
      all += blocks.reduce((sum, { length }) => sum + length, singles.length)
      if (blocks.length < SWEPT_AT_ONCE && singles.length < SWEPT_AT_ONCE) return all
    }
  }

  async nextAccount(after: string): Promise<string | null> {
    return this.#singles.read(() => {
      const [one, other] = [this.#blocks.nextAccount(after), this.#singles.nextAccount(after)]
      return one === null || (other !== null && other < one) ? other : one
    })
  }

  /** @returns how many were added */
  #add(account: string, records: readonly Encoded<T>[]): number {
    const last = firstOf(this.#blocks.rows(account))
    let newest = newestOf(last && rowsIn<T>(last).at(-1), firstOf(this.#singles.rows(account)))
    const appended: Encoded<T>[] = []
    const others: T[] = []
    for (const encoded of records) {
      const { record } = encoded
      if (this.#isFoundById(record) && (newest === undefined || isNewer(record, newest))) {
        appended.push(encoded)
        newest = record
      } else others.push(record)
    }
    for (const block of fillBlocks(last, appended, this.#kind.expiresAt)) {
      if (block.id === last?.id) this.#blocks.replace(block, last)
      else this.#blocks.add(block)
    }
    return appended.length + others.filter(record => this.#addSingle(record)).length
  }

  /** In a block a record is looked for by the time that its id tells. */
  #isFoundById({ id, createdAt }: T): boolean {
    return timeOfId(this.#kind.idPrefix, id) === createdAt.getTime()
  }

  #addSingle(record: T): boolean {
    return this.#findInBlock(record.account, record.id) === undefined && this.#singles.add(record).length === 0
  }

  /** Where does a living record stand, if it is in a block? */
  #findInBlock(account: string, id: string): { row: T; block: Block } | undefined {
    const time = timeOfId(this.#kind.idPrefix, id)
    if (time === undefined) return undefined
    const position = { createdAt: new Date(time), id }
    // From the first block that may hold records of this millisecond, which may be on several.
    for (const block of this.#blocks.rows(account, and(), { createdAt: new Date(time + 1), id: '' })) {
      if (isNewer(block, position)) continue
      const row = rowsIn<T>(block).find(({ id: own }) => own === id)
      return row !== undefined && this.#singles.isLive(row) ? { row, block } : undefined
    }
    return undefined
  }

  /** Removes the record, if it has this revision. @returns was it there? */
  #takeOut(account: string, id: string, revision: number | undefined): boolean {
    const found = this.#findInBlock(account, id)
    const present = found?.row ?? this.#singles.get(account, id)
    if (present === null || (revision !== undefined && present.revision !== revision)) return false
    if (found === undefined) {
      this.#singles.delete(present)
    } else {
      this.#blocks.delete(found.block)
      const rest = withoutRow<T>(found.block, id, this.#kind.expiresAt)
      if (rest !== null) this.#blocks.add(rest)
    }
    return true
  }

  /** Behind a position, newest first: of the blocks and of those that stand by themselves. */
  #rows(account: string, filter: Filter = and(), after?: Position): Iterable<T> {
    return merge(this.#rowsOfBlocks(account, filter, after), this.#singles.rows(account, filter, after))
  }

  *#rowsOfBlocks(account: string, filter: Filter, after: Position | undefined): Generator<T> {
    const node = equalityOn(filter, this.#indexed)
    const ofBlocks = node === undefined ? and() : { ...node, path: rowPath(node.path) }
    let isBehind = after === undefined
    for (const block of this.#blocks.rows(account, ofBlocks, after)) {
      for (const row of candidatesIn<T>(block, node)) {
        isBehind ||= after !== undefined && isNewer(after, row)
        if (isBehind) yield row
      }
    }
  }
}

/** Of records of several accounts, those of each in the order they have. */
function byAccount<T extends StoredRecord>(records: readonly Encoded<T>[]): Map<string, Encoded<T>[]> {
  const groups = new Map<string, Encoded<T>[]>()
  for (const encoded of records) {
    const { account } = encoded.record
    const group = groups.get(account)
    if (group === undefined) groups.set(account, [encoded])
    else group.push(encoded)
  }
  return groups
}

function firstOf<R>(rows: Iterable<R>): R | undefined {
  for (const row of rows) return row
  return undefined
}

function newestOf(one: Position | undefined, other: Position | undefined): Position | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return isNewer(one, other) ? one : other
}

/** Of two lists that are newest first one that is. */
function* merge<T extends StoredRecord>(ones: Generator<T>, others: Generator<T>): Generator<T> {
  try {
    let [one, other] = [ones.next(), others.next()]
    while (!(one.done && other.done)) {
      if (other.done || (!one.done && isNewer(one.value, other.value))) {
        yield one.value
        one = ones.next()
      } else {
        yield other.value
        other = others.next()
      }
    }
  } finally {
    // LMDB's cursors are let go of.
    ones.return(undefined)
    others.return(undefined)
  }
}
