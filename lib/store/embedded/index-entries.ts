import { isDate } from 'node:util/types'
import { and, type Filter, type Scalar } from '../../query/tree.js'
import { equalityOn } from '../equality.js'
import type { Position, RecordKind, StoredRecord } from '../port.js'
import { afterPrefix, bytesOf, expiryKey, indexPrefix, type Key, newestFirst, uniqueKey, valuePrefix } from './keys.js'
import { valuesAt } from './match.js'

/** The pseudo path of the index that holds every record, newest first. */
const ORDER = ''

/** What the entries of one account's indexes start with. */
interface Prefixes {
  account: string
  order: Key
  indexes: readonly (readonly [path: string, prefix: Key])[]
}

/** The keys of LMDB under which a record of one kind is found, beside its own. */
export class IndexEntries<T extends StoredRecord> {
  readonly #kind: RecordKind<T>
  readonly #viewOf: (record: T) => object
  readonly #indexed: ReadonlySet<string>
  /** Of the account that was asked for last: of many records that are written, most have one account. */
  #prefixes: Prefixes | undefined

  /** @param viewOf where the paths of the indexes lead; default: the record itself */
  constructor(kind: RecordKind<T>, viewOf: (record: T) => object = record => record) {
    this.#kind = kind
    this.#viewOf = viewOf
    this.#indexed = new Set([...kind.unique, ...kind.indexes])
  }

  /** Of every index, of the expiry and of the unique values. */
  of(record: T): Set<Key> {
    const position = newestFirst(record)
    const { order, indexes } = this.#prefixesOf(record.account)
    const view = this.#viewOf(record)
    const entries = new Set([order + position])
    for (const [path, prefix] of indexes) {
      for (const value of new Set(valuesAt(view, path))) {
        if (isScalar(value)) entries.add(valuePrefix(prefix, value) + position)
      }
    }
    const expiry = this.expiry(record)
    if (expiry !== undefined) entries.add(expiryKey(this.#kind.name, expiry, record.account, record.id))
    for (const { key } of this.unique(record)) entries.add(key)
    return entries
  }

  /** Do two records have the same entries? Most replacements change nothing that an index holds. */
  areSame(one: T, other: T): boolean {
    if (!isSame(one.createdAt, other.createdAt)) return false
    if (!isSame(this.expiry(one), this.expiry(other))) return false
    const [view, otherView] = [this.#viewOf(one), this.#viewOf(other)]
    for (const path of this.#indexed) {
      const [values, others] = [valuesAt(view, path), valuesAt(otherView, path)]
      if (values.length !== others.length || !values.every((value, i) => isSame(value, others[i]))) return false
    }
    return true
  }

  /** Those of the unique values, each of which one record can have. */
  unique(record: T): { field: string; key: Key }[] {
    return this.#kind.unique.flatMap(field => {
      const value = record[field]
      return typeof value === 'string' ? [{ field, key: uniqueKey(this.#kind.name, record.account, field, value) }] : []
    })
  }

  expiry(record: T): Date | undefined {
    return this.#kind.expiresAt === undefined ? undefined : (record[this.#kind.expiresAt] as Date | undefined)
  }

  /** The entries, newest first, among which every record is that fulfils the filter. @param after those behind this position */
  range(account: string, filter: Filter = and(), after?: Position): { start: Buffer; end: Buffer } {
    const node = equalityOn(filter, this.#indexed)
    const index = indexPrefix(this.#kind.name, account, node?.path ?? ORDER)
    const prefix = node === undefined ? index : valuePrefix(index, node.value)
    const start = after === undefined ? bytesOf(prefix) : keyAfter(bytesOf(prefix + newestFirst(after)))
    return { start, end: bytesOf(afterPrefix(prefix)) }
  }

  #prefixesOf(account: string): Prefixes {
    if (this.#prefixes?.account === account) return this.#prefixes
    const { name } = this.#kind
    const indexes = [...this.#indexed].map(path => [path, indexPrefix(name, account, path)] as const)
    this.#prefixes = { account, order: indexPrefix(name, account, ORDER), indexes }
    return this.#prefixes
  }
}

function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])])
}

/** One value as two records hold it; what is no scalar is taken for another one. */
function isSame(one: unknown, other: unknown): boolean {
  return isDate(one) && isDate(other) ? one.getTime() === other.getTime() : one === other
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value) || isDate(value)
}
