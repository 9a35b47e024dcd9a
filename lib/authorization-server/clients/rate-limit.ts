import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import { addressOf, networkOf } from '../../http/address.js'
import type { HttpRequest } from '../../http/handler.js'

/** How many events are allowed in a window. */
export interface RateLimit {
  /** How many, 1 or more. */
  limit: number
  /** Seconds, 1 or more. */
  window: number
}

/** Failed client authentications that are answered as such; further ones are told to wait. */
export interface FailureLimits {
  /** Of one address, whatever the client. */
  address: RateLimit | false
  /** Of one client from one address. */
  client: RateLimit | false
}

export interface FailureLimiter {
  /**
   * Counts a failed client authentication.
   * @returns the seconds to wait, where there were too many; undefined where it is to be answered as what it is
   */
  fail(req: HttpRequest, account: string, clientId: string): number | undefined
}

/** Windows that are remembered of each kind; the key of each has a few hundred bytes at most. */
const MAX_WINDOWS = 20_000

/**
 * Counts failures in fixed windows. A right secret is never counted and never refused: whoever guesses only makes the
 * answers to wrong guesses more distant, and what protects a secret is its 256 random bits. The address is Express's
 * `req.ip`, so behind a proxy the host's `trust proxy` decides; without Express it is the socket's. Counts are this
 * process's alone.
 *
 * @param clock one that only goes forward
 */
export function createFailureLimiter(limits: FailureLimits | false, clock: Clock): FailureLimiter {
  if (limits === false) return { fail: () => undefined }
  const addresses = createWindows(limits.address, clock)
  const clients = createWindows(limits.client, clock)
  return {
    fail(req, account, clientId) {
      const address = networkOf(addressOf(req))
      return addresses(address) ?? clients(`${address} ${account} ${clientId.slice(0, 200)}`)
    },
  }
}

interface Window {
  count: number
  /** Milliseconds, of the clock. */
  endsAt: number
}

/** Counts by key. @returns the seconds that are left of the key's window, where it is used up */
function createWindows(option: RateLimit | false, clock: Clock): (key: string) => number | undefined {
  if (option === false) return () => undefined
  const { limit, window } = option
  const windows = new LRUCache<string, Window>({ max: MAX_WINDOWS })
  return key => {
    const now = clock.now()
    const known = windows.get(key)
    if (known === undefined || known.endsAt <= now) {
      windows.set(key, { count: 1, endsAt: now + window * 1000 })
      return undefined
    }
    known.count++
    return known.count <= limit ? undefined : Math.max(1, Math.ceil((known.endsAt - now) / 1000))
  }
}
