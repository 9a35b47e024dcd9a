import { isInsecure } from '../../../authorization-server/context/issuer.js'
import { isMongoUri, namesDatabase } from '../../../store/mongo/uri.js'
import type { Config, Environment, MetricsPlace } from '../config.js'
import { ConfigError } from '../config-error.js'
import { parseTrustProxy, type TrustProxy } from '../trust-proxy.js'

export function readPort(text: string | undefined, name: string): number | undefined {
  if (!text) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new ConfigError(`${name} must be a number from 0 to 65535 (0: any free port)`)
  return port
}

export function readMetrics({ METRICS_PORT, METRICS_HOST }: Environment, taken: number): MetricsPlace | undefined {
  const port = readPort(METRICS_PORT, 'METRICS_PORT')
  if (port === undefined && METRICS_HOST) throw new ConfigError('METRICS_HOST needs METRICS_PORT')
  if (port === undefined) return undefined
  if (port === taken && port !== 0) throw new ConfigError('METRICS_PORT must not be the port of the service (PORT)')
  return { port, host: METRICS_HOST || '127.0.0.1' }
}

export function readIssuer(
  text: string | undefined,
  { port, allowInsecureRequests }: Pick<Config, 'port' | 'allowInsecureRequests'>,
): string {
  if (!text) return port === 0 ? '' : `http://localhost:${port}`
  if (text.endsWith('/')) throw new ConfigError('ISSUER must not end with a slash')
  if (!URL.canParse(text)) throw new ConfigError('ISSUER must be an absolute URL')
  const url = new URL(text)
  const { protocol, origin, pathname } = url
  if ((protocol !== 'https:' && protocol !== 'http:') || (isInsecure(url) && !allowInsecureRequests)) {
    throw new ConfigError(
      'ISSUER must be an https URL (http only for a loopback host, or anywhere with ALLOW_INSECURE_REQUESTS=1)',
    )
  }
  if (text !== origin + (pathname === '/' ? '' : pathname)) {
    throw new ConfigError('ISSUER must be in normal form, without user information, query and fragment')
  }
  return text
}

export function readMongodbUri(text: string | undefined): string | undefined {
  if (!text) return undefined
  if (!isMongoUri(text)) throw new ConfigError('MONGODB_URI must start with mongodb:// or mongodb+srv://')
  if (!namesDatabase(text)) throw new ConfigError('MONGODB_URI must name a database: mongodb://host/database')
  return text
}

export function readTrustProxy(text: string | undefined): TrustProxy | undefined {
  if (!text) return undefined
  const trusted = parseTrustProxy(text)
  if (trusted !== undefined) return trusted
  throw new ConfigError(
    'TRUST_PROXY must be true, false, a number of proxies, or addresses, subnets, loopback, linklocal and uniquelocal, with commas between them',
  )
}
