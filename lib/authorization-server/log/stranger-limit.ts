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

/** May everybody call himself this client: is it unknown, or without a secret? */
export type IsAnybodys = (account: string, clientId: string) => boolean

/**
 * Bounds what strangers can put into the log: refusals of the management API, limits that were reached, and refusals of
 * requests whose caller has proven nothing. No limit of `rateLimits` is relied on: the host may have switched it off, and that
 * of `token` lets 6 000 requests through that name a public client.
 *
 * @param clock one that only goes forward
 * @returns is there room for the record?
 */
export function createStrangerLimit(clock: Clock, isAnybodys: IsAnybodys): (record: LogRecord) => boolean {
  const windows = new LRUCache<string, { count: number; endsAt: number }>({ max: MAX_NETWORKS })
  return record => {
    if (!isOfStranger(record, isAnybodys)) return true
    const key = `${record.type} ${networkOf(record.address ?? '')}`
    const now = clock.now()
    const known = windows.get(key)
    if (known !== undefined && now < known.endsAt) return ++known.count <= LIMIT
    windows.set(key, { count: 1, endsAt: now + WINDOW })
    return true
  }
}

function isOfStranger({ type, account, client_id, user, code }: LogRecord, isAnybodys: IsAnybodys): boolean {
  switch (type) {
    case 'admin.refused':
    case 'limit.reached':
      return true
    case 'authorize.denied':
      return user === undefined
    case 'token.refused':
      return client_id === undefined || code === 'invalid_client' || isAnybodys(account, client_id)
    default:
      return false
  }
}
