import type { AddressInfo } from 'node:net'

/** Where the service listens. */
export interface Place {
  port: number
  /** Where this machine reaches it. */
  url: string
  /** Nobody else reaches it. */
  isLoopback: boolean
}

/**
 * Reads where a server listens. What was listened on says whether others reach it, not how the host was spelt.
 * @param host what was asked for
 */
export function placeOf(host: string, { address, port }: Pick<AddressInfo, 'address' | 'port'>): Place {
  const isLoopback = address === '::1' || /^(?:::ffff:)?127\./.test(address)
  if (address === '0.0.0.0' || address === '::') return { port, url: `http://127.0.0.1:${port}`, isLoopback }
  return { port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, isLoopback }
}
