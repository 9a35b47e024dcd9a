import { isIP } from 'node:net'

/** What is trusted of `X-Forwarded-*`, in Express's own terms (`trust proxy`). */
export type TrustProxy = boolean | number | string[]

const NAMES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal'])

/**
 * Reads one of Express's values: `true`, `false`, a number of hops, or addresses, subnets and names with commas between
 * them. undefined: it is none of these.
 */
export function parseTrustProxy(text: string): TrustProxy | undefined {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^\d{1,3}$/.test(text)) return Number(text)
  const entries = text.split(',').map(entry => entry.trim())
  return entries.every(entry => NAMES.has(entry) || isNetwork(entry)) ? entries : undefined
}

/** An address, or a subnet such as `10.0.0.0/8`. */
function isNetwork(entry: string): boolean {
  const [address = '', length, ...rest] = entry.split('/')
  const version = isIP(address)
  // Express knows neither zones nor the subnets of mapped addresses.
  if (version === 0 || address.includes('%') || rest.length > 0) return false
  if (length === undefined) return true
  if (version === 6 && address.includes('.')) return false
  return /^[1-9]\d{0,2}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128)
}
