import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import { RequestRateError } from '../errors.js'
import type { HttpRequest } from '../http/handler.js'

/** How many events of one address are allowed in a window. */
export interface RateLimit {
  /** How many, 1 or more. */
  limit: number
  /** Seconds, 1 or more. */
  window: number
}

export interface RateLimiter {
  /** @throws RequestRateError with `Retry-After` where the address has used up its window */
  check(req: HttpRequest): void
  /** Counts one event of the address. */
  count(req: HttpRequest): void
}

interface Window {
  count: number
  /** Milliseconds since the epoch. */
  endsAt: number
}

/**
 * Counts failures by address in fixed windows, for 20 000 addresses. The address is Express's `req.ip`, so behind a
 * proxy the host's `trust proxy` decides; without Express it is the socket's. Counts are this process's alone.
 */
export function createRateLimiter(option: RateLimit | false, clock: Clock): RateLimiter {
  if (option === false) return { check() {}, count() {} }
  const { limit, window } = option
  const windows = new LRUCache<string, Window>({ max: 20_000 })

  function current(req: HttpRequest): Window | undefined {
    // Nobody failed: the usual case.
    if (windows.size === 0) return undefined
    const known = windows.get(addressOf(req))
    return known !== undefined && known.endsAt > clock.now() ? known : undefined
  }

  return {
    check(req) {
      const known = current(req)
      if (known === undefined || known.count < limit) return
      const seconds = Math.max(1, Math.ceil((known.endsAt - clock.now()) / 1000))
      throw new RequestRateError('Too many failed requests.', { headers: { 'Retry-After': String(seconds) } })
    },
    count(req) {
      const known = current(req)
      if (known !== undefined) known.count += 1
      else windows.set(addressOf(req), { count: 1, endsAt: clock.now() + window * 1000 })
    },
  }
}

/** One IPv6 customer has a whole /64 at least, so that is one address. */
function addressOf(req: HttpRequest & { ip?: unknown }): string {
  const address = typeof req.ip === 'string' ? req.ip : (req.socket?.remoteAddress ?? '')
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  return mapped ?? networkOf(address)
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':')
}
