import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { loadPromClient, PROM_CLIENT_MISSING } from '../../authorization-server/metrics/prom-client.js'
import { pathOf } from '../../http/request-target.js'
import type { MetricsPlace } from './config.js'
import { ConfigError } from './config-error.js'
import { placeOf } from './place.js'

/** How long a scrape may take to send its request, in milliseconds. */
const REQUEST_TIMEOUT = 10_000
/** Connections at a time; a scraper needs one. */
const MAX_CONNECTIONS = 100

/** `GET /metrics` on a port of its own. */
export interface MetricsServer {
  registry: Registry
  url: string
  stop(): Promise<void>
}

/**
 * Opens the port. Until a server registers its own, the metrics are those of the process.
 * @throws ConfigError prom-client is not installed, or the address cannot be listened on
 */
export async function openMetrics({ port, host }: MetricsPlace): Promise<MetricsServer> {
  const { Registry, collectDefaultMetrics } = load()
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const http = createServer({ requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT }, (req, res) =>
    answer(registry, req, res),
  )
  http.maxConnections = MAX_CONNECTIONS
  await listen(http, port, host)
  const { url } = placeOf(host, http.address() as AddressInfo)
  return { registry, url: `${url}/metrics`, stop: () => stop(http) }
}

function load(): ReturnType<typeof loadPromClient> {
  try {
    return loadPromClient()
  } catch (error) {
    const isMissing = error instanceof Error && error.message === PROM_CLIENT_MISSING
    throw isMissing ? new ConfigError('METRICS_PORT needs prom-client: npm install prom-client') : error
  }
}

function listen(http: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', error => reject(explain(error)))
    http.listen(port, host, resolve)
  })
}

function explain({ code }: NodeJS.ErrnoException): ConfigError {
  if (code === 'EADDRINUSE') return new ConfigError('the port for metrics is in use (METRICS_PORT)')
  return new ConfigError('the address for metrics cannot be listened on (METRICS_HOST, METRICS_PORT)')
}

function answer(registry: Registry, { method, url = '' }: IncomingMessage, res: ServerResponse): void {
  if (pathOf(url) !== '/metrics') return void res.writeHead(404).end()
  if (method !== 'GET' && method !== 'HEAD') return void res.writeHead(405, { Allow: 'GET, HEAD' }).end()
  registry.metrics().then(
    text => res.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' }).end(text),
    () => res.writeHead(500).end(),
  )
}

async function stop(http: Server): Promise<void> {
  const closed = new Promise<void>(resolve => http.close(() => resolve()))
  http.closeAllConnections()
  await closed
}
