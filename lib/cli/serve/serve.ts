import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { type AuthorizationServer, prepareServer } from '../../authorization-server/authorization-server.js'
import { pathOf } from '../../http/request-target.js'
import type { ReadyMadeUsers } from '../../users/index.js'
import { StoreUnavailableError } from '../../errors.js'
import { unlessAborted } from '../../unless-aborted.js'
import { within } from '../../within.js'
import { awaitStore } from './await-store.js'
import type { Config } from './config.js'
import { type Answered, type Connections, trackConnections } from './connections.js'
import { listenTo } from './expect-continue.js'
import { createHttpServer, refuseHost } from './http-server.js'
import { createHealth, type Health, storeHealth } from './health.js'
import { describeCause, describeEvent } from './log.js'
import { createLogger } from './logger.js'
import { type MetricsServer, openMetrics } from './metrics-server.js'
import { listAccounts, openStore } from './open-store.js'
import { openUsers } from './open-users.js'
import { type Place, placeOf } from './place.js'
import { createServiceApp, demoPrefix } from './service-app.js'
import { createWaitingRoom } from './waiting-room.js'
import { formatTour, type Screen, showClients } from './welcome.js'

/** How long what is in flight may take when the service stops, in milliseconds. */
const STOP_TIMEOUT = 10_000

/** How long the stopping may take in all, the closing of the store included, in milliseconds. */
const END_TIMEOUT = 11_500

/** A running service. */
export interface Service {
  url: string
  /** Finishes what is in flight, then closes the store. */
  stop(): Promise<void>
}

/**
 * Starts both routers on one port, with `GET /health` and JSON logs on standard output; the welcome goes to `screen`.
 * Requests that come before all is open wait, 1 000 for 10 seconds at most; how the service is it says at once.
 *
 * @param signal stops the start: what was started is stopped, and the promise rejects with the signal's reason
 */
export async function serve(config: Config, screen: Screen, signal?: AbortSignal): Promise<Service> {
  const log = createLogger()
  const http = createHttpServer()
  const connections = trackConnections(http, logAnswer(log))
  const room = createWaitingRoom()
  const health = createHealth()
  const warnOfProxy = createProxyWarning(config, log)
  listenTo(http, (req, res) => {
    connections.begin(req, res)
    if (refuseHost(req, res)) return
    warnOfProxy(req)
    if (!health.answer(req, res)) room.enter(req, res)
  })
  const metrics = config.metrics && (await openMetrics(config.metrics))
  const place = await listen(http, config).catch(async error => {
    await metrics?.stop()
    throw error
  })
  const issuer = config.issuer || `http://localhost:${place.port}`
  const settings = { ...config, issuer }
  const users = openUsers(settings)
  const opening = openServer(settings, { users, log, screen, signal, health })
  try {
    const server = await unlessAborted(opening, signal)
    if (metrics !== undefined) server.metrics(metrics.registry)
    room.open(createServiceApp(server, await users, { config: settings, place }))
    health.watch(storeHealth(server.health))
    log.info(
      {
        ...{ issuer, address: place.url, store: config.mongodbUri === undefined ? 'embedded' : 'mongodb' },
        ...(metrics !== undefined && { metrics: metrics.url }),
      },
      'listening',
    )
    welcome(server, settings, place, screen)
    return { url: place.url, stop: () => stop(connections, server, { metrics, log }) }
  } catch (error) {
    room.close()
    await Promise.all([connections.drain(STOP_TIMEOUT), abandon(opening, screen), metrics?.stop()])
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

/** Waits until a start that was given up has ended, and closes the server where it had come so far. */
async function abandon(opening: Promise<AuthorizationServer>, screen: Screen): Promise<void> {
  const closing = opening.then(
    async server => {
      showClients(server.takeManagementClients(), screen)
      await server.close()
    },
    () => undefined,
  )
  await within(closing, STOP_TIMEOUT, () => undefined).catch(() => undefined)
}

interface Opening {
  users: Promise<ReadyMadeUsers | undefined>
  log: Logger
  screen: Screen
  signal: AbortSignal | undefined
  health: Health
}

/** Where not every account can be opened, the clients that were made for the others are shown all the same. */
async function openServer(
  config: Config,
  { users, log, screen, signal, health }: Opening,
): Promise<AuthorizationServer> {
  const { encryptionKey, managementClient, rateLimits, apiGrants, allowInsecureRequests, refreshGrace } = config
  const { mongodbUri, startTimeout, logRetention } = config
  const pair = await users
  warnOfPlainKeys(config, log)
  const store = await openStore(config, log)
  try {
    if (mongodbUri !== undefined) await awaitStore(store, { startTimeout, log, signal })
    health.watch(() => 'accounts')
    const { server, openAccounts } = await prepareServer({
      accounts: listAccounts(config.issuer, config),
      store,
      managementClient,
      apiGrants,
      allowInsecureRequests,
      ...(encryptionKey !== undefined && { encryptionKey }),
      ...(config.keyMaxAge !== undefined && { keyRotation: { maxAge: config.keyMaxAge } }),
      ...(!rateLimits && { rateLimits: false }),
      ...(pair !== undefined && { users: pair.users }),
      ...(refreshGrace !== undefined && { refreshGrace }),
      ...(logRetention !== undefined && { logRetention }),
      revocation: { accessTokens: config.revokesAccessTokens },
      onEvent: event => log.info(describeEvent(event)),
    })
    await openAccounts(signal).catch(error => {
      showClients(server.takeManagementClients(), screen)
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

/** Says once that a proxy seems to stand before the service and nobody said so: all clients share its address then. */
function createProxyWarning({ trustProxy }: Config, log: Logger): (req: IncomingMessage) => void {
  let silent = trustProxy !== undefined
  return ({ headers }) => {
    if (silent || headers['x-forwarded-for'] === undefined) return
    silent = true
    log.warn('X-Forwarded-For comes and TRUST_PROXY is not set: the rate limits count the address of the proxy')
  }
}

/** One line for each request: neither its query string nor any header. */
function logAnswer(log: Logger): Answered {
  return ({ method, url }, { statusCode }, ms) => {
    log.info({ method, path: pathOf(url), status: statusCode, ms: Math.round(ms) })
  }
}

/** The tour is for a person, and leads to the demo route: it stands where that one does. */
function welcome(server: AuthorizationServer, config: Config, place: Place, screen: Screen): void {
  const created = server.takeManagementClients()
  showClients(created, screen)
  const [first] = created
  if (first === undefined || !place.isLoopback || !screen.isTerminal) return
  const base = place.url + demoPrefix(config)
  screen.print(formatTour(base, first.clientId, first.clientSecret, `${base}/demo/users`))
}

async function stop(
  connections: Connections,
  server: AuthorizationServer,
  { metrics, log }: { metrics: MetricsServer | undefined; log: Logger },
): Promise<void> {
  const endsAt = performance.now() + END_TIMEOUT
  await connections.drain(STOP_TIMEOUT)
  await metrics?.stop()
  try {
    await within(server.close(), endsAt - performance.now(), () => new StoreUnavailableError('the store hangs'))
  } catch (cause) {
    log.warn({ cause: describeCause(cause) }, 'the store could not be closed')
  }
}
