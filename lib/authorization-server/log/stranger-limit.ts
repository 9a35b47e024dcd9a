import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import { networkOf } from '../../http/address.js'
import type { LogRecord } from '../../store/log-records.js'

/** Records of one type that one network may cause in a minute without proving who it is. */
const LIMIT = 100
/** Milliseconds. */
const WINDOW = 60_000
/** Networks that are remembered. */
const MAX_NETWORKS = 20_000

/**
 * Bounds what strangers can put into the log: refusals of the management API, limits that were reached, and refusals of
 * requests that name no client. Other refusals name a client, and how often these come from one address is limited elsewhere.
 *
 * @param clock one that only goes forward
 * @returns is there room for the record?
 */
export function createStrangerLimit(clock: Clock): (record: LogRecord) => boolean {
  const windows = new LRUCache<string, { count: number; endsAt: number }>({ max: MAX_NETWORKS })
  return record => {
    if (!isOfStranger(record)) return true
    const key = `${record.type} ${networkOf(record.address ?? '')}`
    const now = clock.now()
    const known = windows.get(key)
    if (known !== undefined && now < known.endsAt) return ++known.count <= LIMIT
    windows.set(key, { count: 1, endsAt: now + WINDOW })
    return true
  }
}

function isOfStranger({ type, client_id, detail }: LogRecord): boolean {
  switch (type) {
    case 'admin.refused':
    case 'limit.reached':
      return true
    case 'token.refused':
    case 'authorize.denied':
      return client_id === undefined || detail === 'too_many_failures'
    default:
      return false
  }
}
