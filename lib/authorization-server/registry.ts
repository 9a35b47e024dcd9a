import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import { eq } from '../query/tree.js'
import type { ApiRecord, ClientRecord } from '../store/records.js'
import type { Records, Registry } from './context.js'

/** How long a record may be used before the store is asked again, in milliseconds: another process may have changed it. */
const RECORD_AGE = 15_000
const MAX_RECORDS = 10_000
/** All cached permissions together; one API may have a thousand. */
const MAX_PERMISSIONS = 100_000

/** What a client may be called; anything else is unknown without asking the store. */
const CLIENT_ID = /^[\x21-\x7e]{1,200}$/
/** What an API may be called (its identifier). */
const IDENTIFIER = /^[\x21-\x7e]{1,600}$/

/**
 * Clients and APIs for the token endpoint: cached for 15 seconds, 10 000 of each and 100 000 permissions at most,
 * one look-up at a time for each. Absence is not cached: what was just registered is found. The records are shared: read only.
 */
export function createRegistry(records: Pick<Records, 'apis' | 'clients'>, clock: Clock): Registry {
  const clients = createRecordCache<ClientRecord>({
    clock,
    sizeOf: client => 1 + client.secrets.length,
    read: (account, id) => records.clients.get(account, id),
  })
  const apis = createRecordCache<ApiRecord>({
    clock,
    sizeOf: api => 1 + api.permissions.length,
    read: async (account, identifier) => {
      const [api] = await records.apis.find(account, { filter: eq('identifier', identifier), limit: 1 })
      return api ?? null
    },
  })
  return {
    client(account, clientId) {
      return CLIENT_ID.test(clientId) ? clients.get(account, clientId) : null
    },
    api(account, identifier) {
      return IDENTIFIER.test(identifier) ? apis.get(account, identifier) : null
    },
    clientChanged: clients.forget,
    apiChanged: apis.forget,
  }
}

interface RecordCache<T> {
  get(account: string, key: string): Promise<T | null> | T
  forget(account: string, key: string): void
}

function createRecordCache<T extends object>({
  clock,
  sizeOf,
  read,
}: {
  clock: Clock
  sizeOf: (record: T) => number
  read: (account: string, key: string) => Promise<T | null>
}): RecordCache<T> {
  const cache = new LRUCache<string, T>({
    max: MAX_RECORDS,
    maxSize: MAX_PERMISSIONS,
    sizeCalculation: sizeOf,
    ttl: RECORD_AGE,
    ttlResolution: 0,
    perf: clock,
  })
  const running = new Map<string, Promise<T | null>>()
  // Account names hold no blank, so no two pairs share a key.
  const keyOf = (account: string, key: string): string => `${account} ${key}`

  async function load(account: string, key: string, cacheKey: string): Promise<T | null> {
    const reading = read(account, key)
    running.set(cacheKey, reading)
    try {
      const record = await reading
      // A change meanwhile has forgotten this look-up: its result may be the old record.
      if (record !== null && running.get(cacheKey) === reading) cache.set(cacheKey, record)
      return record
    } finally {
      if (running.get(cacheKey) === reading) running.delete(cacheKey)
    }
  }

  return {
    get(account, key) {
      const cacheKey = keyOf(account, key)
      return cache.get(cacheKey) ?? running.get(cacheKey) ?? load(account, key, cacheKey)
    },
    forget(account, key) {
      const cacheKey = keyOf(account, key)
      cache.delete(cacheKey)
      running.delete(cacheKey)
    },
  }
}
