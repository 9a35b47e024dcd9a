import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { type Logger, pino } from 'pino'
import { accountsByPath } from '../authorization-server/accounts.js'
import { type AuthorizationServer, authorizationServer } from '../authorization-server/authorization-server.js'
import { ManagementError } from '../errors.js'
import { managementErrorHandler } from '../http/error-handler.js'
import type { Handler } from '../http/handler.js'
import { pathOf } from '../http/request-target.js'
import { sendJson } from '../http/respond.js'
import type { Store } from '../store/port.js'
import type { Config } from './config.js'
import { createDemo } from './demo.js'
import { formatClient, formatTour } from './welcome.js'

/** How long what is in flight may take when the service stops, in milliseconds. */
const STOP_TIMEOUT = 10_000

/** A running service. */
export interface Service {
  url: string
  /** Finishes what is in flight, then closes the store. */
  stop(): Promise<void>
}

/** Starts both routers on one port, with `GET /health` and JSON logs on standard output; the welcome goes to `print`. */
export async function serve(config: Config, print: (text: string) => void): Promise<Service> {
  const log = pino()
  const waiting: Parameters<RequestListener>[] = []
  const wait: RequestListener = (...call) => waiting.push(call)
  const http = createServer(wait)
  const port = await listen(http, config)
  const issuer = config.issuer || `http://localhost:${port}`
  const address = addressOf(config.host, port)
  let server: AuthorizationServer
  try {
    server = await openServer({ ...config, issuer }, log)
  } catch (error) {
    http.close()
    http.closeAllConnections()
    throw error
  }
  const app = createApp(server, { ...config, issuer }, address, log)
  http.off('request', wait).on('request', app)
  for (const call of waiting) app(...call)
  log.info({ issuer, address, store: config.mongodbUri === undefined ? 'embedded' : 'mongodb' }, 'listening')
  welcome(server, address, config, print)
  return { url: address, stop: () => stop(http, server) }
}

/** Where this machine reaches the service; a demo route is served only there. */
const LOOPBACK = /^http:\/\/(?:localhost|127\.[\d.]+|\[::1\]):/

function addressOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Listens first, so that a port in use is known before anything is written; requests wait for the handler. */
function listen(http: Server, { port, host }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, () => resolve((http.address() as AddressInfo).port))
  })
}

async function openServer(config: Config, log: Logger): Promise<AuthorizationServer> {
  const { issuer, accounts, encryptionKey, managementClient, rateLimits, mongodbUri } = config
  if (mongodbUri !== undefined && encryptionKey === undefined) {
    log.warn('ENCRYPTION_KEY is not set: private signing keys are stored in MongoDB as they are')
  }
  const store = await openStore(config, log)
  try {
    return await authorizationServer({
      ...(accounts.length === 0 ? { issuer } : { accounts: accountsByPath(issuer, accounts) }),
      store,
      managementClient,
      ...(encryptionKey !== undefined && { encryptionKey }),
      ...(!rateLimits && { rateLimits: false }),
      onEvent: ({ type, ...event }) => log.info({ event: type, ...plain(event) }),
    })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Each engine is loaded only where it is used: mongoose need not be installed. */
async function openStore({ mongodbUri, dataDir }: Config, log: Logger): Promise<Store> {
  if (mongodbUri === undefined) {
    const { embeddedStore } = await import('../store/embedded/index.js')
    return embeddedStore(dataDir, {
      onWarning: ({ path, mode }) =>
        log.warn({ path, mode }, 'other users of this machine can use what is stored here'),
    })
  }
  const { mongoStore } = await import('../store/mongo/index.js')
  return mongoStore(mongodbUri)
}

/** A cause is logged by its name: a driver's text may hold what it was called with. */
function plain(event: object): object {
  const { cause, ...rest } = event as { cause?: unknown }
  return cause instanceof Error ? { ...rest, cause: cause.name } : rest
}

function createApp(server: AuthorizationServer, config: Config, address: string, log: Logger): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(logRequests(log))
  app.get('/health', health(server) as express.RequestHandler)
  app.use(server.router as express.RequestHandler)
  app.use(server.adminRouter as express.RequestHandler)
  const prefix = demoPrefix(config)
  if (LOOPBACK.test(address)) {
    const demo = createDemo(config.issuer + prefix, address + prefix)
    app.get(`${prefix}/demo/users`, ...(demo as express.RequestHandler[]))
  }
  app.use(function notFound(_req, _res, next) {
    next(new ManagementError('not_found', 'There is no such resource.'))
  })
  app.use(managementErrorHandler as express.ErrorRequestHandler)
  return app
}

/** The demo route belongs to the one account, or to the first of several. */
const demoPrefix = ({ accounts: [first] }: Config): string => (first === undefined ? '' : `/t/${first}`)

function health(server: AuthorizationServer): Handler {
  return function checkHealth(_req, res) {
    server.health().then(
      () => sendJson(res, 200, { status: 'ok' }, { 'Cache-Control': 'no-store' }),
      () => sendJson(res, 503, { status: 'unavailable' }, { 'Cache-Control': 'no-store', 'Retry-After': '5' }),
    )
  }
}

/** One line for each request: neither its query string nor any header. */
function logRequests(log: Logger): express.RequestHandler {
  return function logRequest(req, res, next) {
    const start = performance.now()
    const path = pathOf(req.originalUrl)
    res.once('close', () => {
      log.info({ method: req.method, path, status: res.statusCode, ms: Math.round(performance.now() - start) })
    })
    next()
  }
}

function welcome(server: AuthorizationServer, address: string, config: Config, print: (text: string) => void): void {
  const created = server.takeManagementClients()
  const [first] = created
  if (first === undefined) return
  const base = address + demoPrefix(config)
  print(`\n${created.map(formatClient).join('\n\n')}\n`)
  print(formatTour(base, first.clientId, first.clientSecret, `${base}/demo/users`))
}

async function stop(http: Server, server: AuthorizationServer): Promise<void> {
  const force = setTimeout(() => http.closeAllConnections(), STOP_TIMEOUT).unref()
  await new Promise<void>(resolve => {
    http.close(() => resolve())
    http.closeIdleConnections()
  })
  clearTimeout(force)
  await server.close()
}
