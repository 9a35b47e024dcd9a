import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import { detach } from '../../detach.js'
import { eq } from '../../query/tree.js'
import type { ApiRecord, ClientRecord } from '../../store/records.js'
import { sizeOf } from '../../store/size.js'
import { findFirst } from '../../store/walk.js'
import type { Records, Registry } from './context.js'

/** How long a record may be used before the store is asked again, in milliseconds: another process may have changed it. */
const RECORD_AGE = 15_000
/** How long an absent record is remembered, in milliseconds: what another process makes is found after so long. */
const ABSENT_AGE = 2_000
const MAX_RECORDS = 10_000
/** Bytes of all cached clients, and of all cached APIs, at most, about. */
const MAX_BYTES = 32 * 1024 * 1024

/** What a client may be called; anything else is unknown without asking the store. */
const CLIENT_ID = /^[\x21-\x7e]{1,200}$/
/** What an API may be called (its identifier). */
const IDENTIFIER = /^[\x21-\x7e]{1,600}$/

/** A web origin as clients are registered with: `scheme://host[:port]`. */
const WEB_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[\x21-\x7e]{1,300}$/

/**
 * Clients and APIs for the token endpoint: cached for 15 seconds, 10 000 and 32 MiB of each at most, one look-up at a time
 * for each. That one is absent is cached for 2 seconds, so that an unknown one costs no more than a known one. What this
 * process writes is seen at once. The records are shared: read only. Origins are looked up by their index, and cached likewise.
 *
 * @param clock one that only goes forward
 */
export function createRegistry(records: Pick<Records, 'apis' | 'clients'>, clock: Clock): Registry {
  const clients = createRecordCache<ClientRecord>(clock, (account, id) => records.clients.get(account, id))
  const apis = createRecordCache<ApiRecord>(clock, (account, identifier) =>
    findFirst(records.apis, account, eq('identifier', identifier)),
  )
  const origins = createRecordCache<{ origin: string }>(clock, async (account, origin) =>
    (await findFirst(records.clients, account, eq('web_origins', origin))) === null ? null : { origin },
  )
  return {
    client(account, clientId) {
      return CLIENT_ID.test(clientId) ? clients.get(account, clientId) : null
    },
    api(account, identifier) {
      return IDENTIFIER.test(identifier) ? apis.get(account, identifier) : null
    },
    async isWebOrigin(account, origin) {
      return WEB_ORIGIN.test(origin) && (await origins.get(account, origin)) !== null
    },
    clientChanged(account, clientId) {
      clients.forget(account, clientId)
      // Which ones it had before is not known here.
      origins.clear()
    },
    apiChanged: apis.forget,
  }
}

interface RecordCache<T> {
  get(account: string, key: string): Promise<T | null> | T | null
  forget(account: string, key: string): void
  clear(): void
}

/** Stands for a record that is not there. */
const ABSENT = Symbol('absent')

function createRecordCache<T extends object>(
  clock: Clock,
  read: (account: string, key: string) => Promise<T | null>,
): RecordCache<T> {
  const cache = new LRUCache<string, T | typeof ABSENT>({
    max: MAX_RECORDS,
    maxSize: MAX_BYTES,
    sizeCalculation: (record, key) => key.length + sizeOf(record),
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
      if (running.get(cacheKey) === reading) keep(cacheKey, record)
      return record
    } finally {
      if (running.get(cacheKey) === reading) running.delete(cacheKey)
    }
  }

  function keep(cacheKey: string, record: T | null): void {
    if (record === null) cache.set(detach(cacheKey), ABSENT, { ttl: ABSENT_AGE })
    else cache.set(detach(cacheKey), record)
  }

  return {
    get(account, key) {
      const cacheKey = keyOf(account, key)
      const known = cache.get(cacheKey)
      if (known !== undefined) return known === ABSENT ? null : known
      return running.get(cacheKey) ?? load(account, key, cacheKey)
    },
    forget(account, key) {
      const cacheKey = keyOf(account, key)
      cache.delete(cacheKey)
      running.delete(cacheKey)
    },
    clear() {
      cache.clear()
      running.clear()
    },
  }
}
