import { isIPv6 } from 'node:net'
import type { HttpRequest } from './handler.js'

/** An IPv4 address in the form in which a socket of IPv6 shows it. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * Where a request came from: Express's `req.ip`, so that behind a proxy the host's `trust proxy` decides; without Express
 * the socket's address. An IPv4 address stands in its own form. Empty: nobody knows, the socket is gone.
 */
export function addressOf(req: HttpRequest): string {
  const ip = 'ip' in req ? req.ip : undefined
  const address = typeof ip === 'string' ? ip : (req.socket?.remoteAddress ?? '')
  return MAPPED.exec(address)?.[1] ?? address
}

/** What counts as one caller: an IPv4 address, or an IPv6 /64, because one customer has a whole one at least. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':')
}
