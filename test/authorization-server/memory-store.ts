import { ConflictError, StoreUnavailableError } from '../../lib/errors.js'
import type { Collection, RecordKind, Store, StoredRecord } from '../../lib/store/port.js'
import type { Filter } from '../../lib/query/tree.js'

/** A store in memory whose every answer comes a turn later, and which can be down. */
export interface MemoryStore extends Store {
  down: boolean
  /** Calls come and are not answered. */
  hangs: boolean
  /** How many calls each collection has had: `clients.get`. */
  calls: Map<string, number>
  /** How many calls of a method all collections have had. */
  countOf(method: string): number
}

export function memoryStore(): MemoryStore {
  const collections = new Map<string, unknown>()
  const store: MemoryStore = {
    down: false,
    hangs: false,
    calls: new Map(),
    countOf(method) {
      return [...store.calls].reduce((sum, [call, count]) => sum + (call.endsWith(`.${method}`) ? count : 0), 0)
    },
    async collection<T extends StoredRecord>(kind: RecordKind<T>) {
      const known = collections.get(kind.name) ?? createCollection(kind, store)
      collections.set(kind.name, known)
      return known as Collection<T>
    },
    async ping() {
      if (store.hangs) await new Promise(() => {})
      if (store.down) throw new StoreUnavailableError('the store is down')
    },
    async close() {},
  }
  return store
}

function createCollection<T extends StoredRecord>(kind: RecordKind<T>, store: MemoryStore): Collection<T> {
  let records: T[] = []
  const is = (account: string, id: string) => (record: T) => record.account === account && record.id === id

  async function turn(method: string): Promise<void> {
    const key = `${kind.name}.${method}`
    store.calls.set(key, (store.calls.get(key) ?? 0) + 1)
    await new Promise(resolve => setImmediate(resolve))
    if (store.hangs) await new Promise(() => {})
    if (store.down) throw new StoreUnavailableError('the store is down')
  }

  function assertFree(record: T): void {
    const others = records.filter(other => other.account === record.account && other.id !== record.id)
    const taken = kind.unique.filter(key => others.some(other => other[key] === record[key]))
    if (taken.length > 0) throw new ConflictError(taken)
  }

  return {
    async insert(record) {
      await turn('insert')
      if (records.some(is(record.account, record.id))) throw new ConflictError(['id'])
      assertFree(record)
      records.push(structuredClone({ ...record, revision: 1 }))
      return structuredClone({ ...record, revision: 1 })
    },
    async insertMany(many) {
      await turn('insertMany')
      records.push(...many.map(record => structuredClone({ ...record, revision: 1 })))
      return many.length
    },
    async get(account, id) {
      await turn('get')
      return structuredClone(records.find(is(account, id)) ?? null)
    },
    async find(account, { filter, limit }) {
      await turn('find')
      const found = records.filter(record => record.account === account && fulfils(record, filter))
      return { records: structuredClone(found.slice(0, limit)), next: null }
    },
    async replace(record, revision) {
      await turn('replace')
      const index = records.findIndex(is(record.account, record.id))
      if (records[index]?.revision !== revision) return null
      assertFree(record)
      records[index] = structuredClone({ ...record, revision: revision + 1 })
      return structuredClone({ ...record, revision: revision + 1 })
    },
    async remove(account, id) {
      await turn('remove')
      const before = records.length
      records = records.filter(record => !is(account, id)(record))
      return records.length < before
    },
    async removeExpired() {
      return 0
    },
    async nextAccount(after) {
      await turn('nextAccount')
      return (
        records
          .map(({ account }) => account)
          .filter(account => account > after)
          .sort()[0] ?? null
      )
    },
  }
}

function fulfils(record: object, filter: Filter | undefined): boolean {
  if (filter === undefined) return true
  if (filter.type === 'and') return filter.nodes.every(node => fulfils(record, node))
  if (filter.type === 'not') return !fulfils(record, filter.node)
  if (filter.type !== 'compare' || filter.operator !== 'eq') throw new TypeError(`no ${filter.type} here`)
  return valuesAt(record, filter.path.split('.')).includes(filter.value)
}

function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap(item => valuesAt(item, path))
  const [name, ...rest] = path
  if (name === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  return valuesAt((value as Record<string, unknown>)[name], rest)
}
