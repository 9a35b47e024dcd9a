import type { Collection, RecordKind, Store, StoredRecord } from '../../lib/store/port.js'

const WRITES: ReadonlySet<string> = new Set(['insert', 'replace', 'remove', 'removeExpired'])

/** A store that notes what is written: `clients.replace`. */
export function watchedStore(store: Store, writes: string[]): Store {
  return {
    async collection<T extends StoredRecord>(kind: RecordKind<T>): Promise<Collection<T>> {
      const collection = await store.collection(kind)
      return new Proxy(collection, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function') return member
          if (WRITES.has(String(name))) writes.push(`${kind.name}.${String(name)}`)
          return member.bind(target)
        },
      })
    },
    ping: () => store.ping(),
    close: () => store.close(),
  }
}
