import type { Filter } from '../../query/tree.js'
import type { Collection, Position, StoredRecord } from '../../store/port.js'

/** Records of one page. */
const PAGE = 200
/** Pages of one kind that are looked at, at most: 10 000 records. A page gives way to other work. */
const MAX_PAGES = 50
/** Clients that are named, at most. */
const MAX_CLIENTS = 100

/** Counts what a change would concern, within bounds. */
export interface Tally {
  /** Names a client. */
  client(id: string): void
  /** Counts the records that are concerned, and names the client of each. */
  count<T extends StoredRecord>(
    look: { collection: Collection<T>; account: string; filter: Filter },
    isConcerned: (record: T) => boolean,
    clientOf: (record: T) => string,
  ): Promise<number>
  /** The clients that were named, each once. */
  clients(): string[]
  /** Has a bound cut something off? */
  isCut(): boolean
}

export function createTally(): Tally {
  const named = new Set<string>()
  let isCut = false

  function client(id: string): void {
    if (named.size < MAX_CLIENTS) named.add(id)
    else isCut ||= !named.has(id)
  }

  return {
    client,
    async count({ collection, account, filter }, isConcerned, clientOf) {
      let counted = 0
      let after: Position | null = null
      for (let pages = 0; pages < MAX_PAGES; pages++) {
        const page = await collection.find(account, { filter, limit: PAGE, ...(after !== null && { after }) })
        const concerned = page.records.filter(isConcerned)
        counted += concerned.length
        for (const record of concerned) client(clientOf(record))
        after = page.next
        if (after === null) return counted
      }
      isCut = true
      return counted
    },
    clients: () => [...named],
    isCut: () => isCut,
  }
}
