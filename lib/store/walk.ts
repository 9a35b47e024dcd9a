import type { Filter } from '../query/tree.js'
import type { Collection, Position, StoredRecord } from './port.js'

/** The newest record that fulfils the filter, through as many pages as it takes; null where there is none. */
export async function findFirst<T extends StoredRecord>(
  collection: Collection<T>,
  account: string,
  filter: Filter,
): Promise<T | null> {
  for await (const record of walk(collection, account, filter, 1)) return record
  return null
}

/** Every record that fulfils the filter, newest first. @param limit records of one page */
export async function* walk<T extends StoredRecord>(
  collection: Collection<T>,
  account: string,
  filter: Filter,
  limit = 100,
): AsyncGenerator<T> {
  let after: Position | null = null
  do {
    const page: { records: T[]; next: Position | null } = await collection.find(account, {
      filter,
      limit,
      ...(after !== null && { after }),
    })
    yield* page.records
    after = page.next
  } while (after !== null)
}

/** Every account that has a record of the kind, in byte order. */
export async function* walkAccounts<T extends StoredRecord>(collection: Collection<T>): AsyncGenerator<string> {
  for (let at = await collection.nextAccount(''); at !== null; at = await collection.nextAccount(at)) yield at
}

/** How many records are removed at once. */
const AT_ONCE = 20

/** Removes every record that fulfils the filter. @param remove removes one; default: by its id, whatever its revision */
export async function removeAll<T extends StoredRecord>(
  collection: Collection<T>,
  account: string,
  filter: Filter,
  remove: (record: T) => Promise<unknown> = ({ id }) => collection.remove(account, id),
): Promise<void> {
  let batch: T[] = []
  const flush = async (): Promise<void> => {
    await Promise.all(batch.map(record => remove(record)))
    batch = []
  }
  for await (const record of walk(collection, account, filter)) {
    if (batch.push(record) === AT_ONCE) await flush()
  }
  await flush()
}
