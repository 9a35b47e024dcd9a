import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { type Logger, pino } from 'pino'
import { type AuthorizationServer, prepareServer } from '../authorization-server/authorization-server.js'
import type { CreatedManagementClient } from '../authorization-server/bootstrap.js'
import { ManagementError } from '../errors.js'
import { managementErrorHandler } from '../http/error-handler.js'
import type { Handler } from '../http/handler.js'
import { pathOf } from '../http/request-target.js'
import { sendJson } from '../http/respond.js'
import type { Config } from './config.js'
import { type Answered, type Connections, trackConnections } from './connections.js'
import { createDemo } from './demo.js'
import { describeEvent } from './log.js'
import { listAccounts, openStore } from './open-store.js'
import { type Place, placeOf } from './place.js'
import { createWaitingRoom } from './waiting-room.js'
import { formatClient, formatTour } from './welcome.js'

/** How long what is in flight may take when the service stops, in milliseconds. */
const STOP_TIMEOUT = 10_000

/** A running service. */
export interface Service {
  url: string
  /** Finishes what is in flight, then closes the store. */
  stop(): Promise<void>
}

/** Shows a text to the person who started the service. */
type Print = (text: string) => void

/**
 * Starts both routers on one port, with `GET /health` and JSON logs on standard output; the welcome goes to `print`.
 * Requests that come before all is open wait, 1 000 for 10 seconds at most.
 *
 * @param signal stops the start: what was started is stopped, and the promise rejects with the signal's reason
 */
export async function serve(config: Config, print: Print, signal?: AbortSignal): Promise<Service> {
  const log = pino()
  const http = createServer()
  const connections = trackConnections(http, logAnswer(log))
  const room = createWaitingRoom()
  http.on('request', (req, res) => {
    connections.begin(req, res)
    room.enter(req, res)
  })
  const place = await listen(http, config)
  const issuer = config.issuer || `http://localhost:${place.port}`
  const settings = { ...config, issuer }
  const opening = openServer(settings, { log, print, signal })
  try {
    const server = await unlessAborted(opening, signal)
    room.open(createApp(server, settings, place))
    log.info(
      { issuer, address: place.url, store: config.mongodbUri === undefined ? 'embedded' : 'mongodb' },
      'listening',
    )
    welcome(server, settings, place, print)
    return { url: place.url, stop: () => stop(connections, server) }
  } catch (error) {
    room.close()
    await Promise.all([connections.drain(STOP_TIMEOUT), abandon(opening, print)])
    throw error
  }
}

/** Listens first, so that a port in use is known before anything is written; requests wait for the handler. */
function listen(http: Server, { port, host }: Config): Promise<Place> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, () => resolve(placeOf(host, http.address() as AddressInfo)))
  })
}

async function unlessAborted<T>(running: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return running
  const aborted = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => undefined)
  return Promise.race([running, aborted])
}

/** Waits until a start that was given up has ended, and closes the server where it had come so far. */
async function abandon(opening: Promise<AuthorizationServer>, print: Print): Promise<void> {
  const closing = opening.then(
    async server => {
      showClients(server, print)
      await server.close()
    },
    () => undefined,
  )
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<void>(resolve => {
    timer = setTimeout(resolve, STOP_TIMEOUT)
  })
  await Promise.race([closing, waited])
  clearTimeout(timer)
}

/** Where not every account can be opened, the clients that were made for the others are shown all the same. */
async function openServer(
  config: Config,
  { log, print, signal }: { log: Logger; print: Print; signal: AbortSignal | undefined },
): Promise<AuthorizationServer> {
  const { encryptionKey, managementClient, rateLimits } = config
  warnOfPlainKeys(config, log)
  const store = await openStore(config, log)
  try {
    const { server, openAccounts } = await prepareServer({
      accounts: listAccounts(config.issuer, config),
      store,
      managementClient,
      ...(encryptionKey !== undefined && { encryptionKey }),
      ...(!rateLimits && { rateLimits: false }),
      onEvent: event => log.info(describeEvent(event)),
    })
    await openAccounts(signal).catch(error => {
      showClients(server, print)
      throw error
    })
    return server
  } catch (error) {
    await store.close()
    throw error
  }
}

function warnOfPlainKeys({ mongodbUri, encryptionKey }: Config, log: Logger): void {
  if (encryptionKey === undefined) {
    if (mongodbUri === undefined) return
    log.warn('ENCRYPTION_KEY is not set: private signing keys are stored in MongoDB as they are')
  } else if (typeof encryptionKey === 'object' && 'encrypt' in encryptionKey) {
    log.warn('ENCRYPTION_KEY_READ_ONLY is set: new private signing keys are stored as they are')
  }
}

function createApp(server: AuthorizationServer, config: Config, { url, isLoopback }: Place): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.get('/health', health(server) as express.RequestHandler)
  app.use(server.router as express.RequestHandler)
  app.use(server.adminRouter as express.RequestHandler)
  if (isLoopback) {
    const prefix = demoPrefix(config)
    const demo = createDemo(config.issuer + prefix, url + prefix)
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
function logAnswer(log: Logger): Answered {
  return ({ method, url }, { statusCode }, ms) => {
    log.info({ method, path: pathOf(url), status: statusCode, ms: Math.round(ms) })
  }
}

/** The tour leads to the demo route: it stands where that one does. */
function welcome(server: AuthorizationServer, config: Config, place: Place, print: Print): void {
  const [first] = showClients(server, print)
  if (first === undefined || !place.isLoopback) return
  const base = place.url + demoPrefix(config)
  print(formatTour(base, first.clientId, first.clientSecret, `${base}/demo/users`))
}

function showClients(server: AuthorizationServer, print: Print): CreatedManagementClient[] {
  const created = server.takeManagementClients()
  if (created.length > 0) print(`\n${created.map(formatClient).join('\n\n')}\n`)
  return created
}

async function stop(connections: Connections, server: AuthorizationServer): Promise<void> {
  await connections.drain(STOP_TIMEOUT)
  await server.close()
}
