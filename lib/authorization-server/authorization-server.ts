import { forwardClock } from '../clock.js'
import { invalidValue } from '../errors.js'
import { CALL_IN_HANDLER, refuseAsMiddleware } from '../http/factory.js'
import type { Handler } from '../http/handler.js'
import { ensureDeadlines } from '../store/deadline.js'
import { createSweeper } from '../store/sweeper.js'
import { createAccountRouter } from './accounts/account-router.js'
import type { ListedAccounts } from './accounts/accounts.js'
import { createMountCheck } from './accounts/mount-check.js'
import type { ServerContext } from './admin/admin-context.js'
import type { CreatedManagementClient } from './bootstrap/bootstrap.js'
import type { Metering } from './context/meter.js'
import { createMeter } from './metrics/meter.js'
import type { MetricsRegistry } from './metrics/registry.js'
import { createOpenApiHandlers } from './openapi-documents.js'
import { type AuthorizationServerOptions, validateOptions } from './options.js'
import { createPublicRoutes } from './public-routes.js'
import { bindUsers, keepsSessions } from './users/ready-made.js'
import { assemble } from './assemble.js'
import { expiringOf, measured, openRecords } from './open-records.js'
import { createManagementRouter, createOpenApiRouter, createPublicRouter } from './routers.js'

/** The authorization side of an application. */
export interface AuthorizationServer {
  /** `/oauth/…`, `/authorize`, `/userinfo`, `/.well-known/…`; every other path goes on to the host's routes. */
  router: Handler
  /** `/apis`, `/clients`, `/consents`, `/grants`, `/keys`: the management API. */
  adminRouter: Handler
  /**
   * `/openapi.json` for both routers in one document, where both are mounted at one path; to be mounted there before them.
   * Without it each router serves a document of its own.
   */
  openApiRouter: Handler
  /**
   * The management clients that this process has made since the last call, each with its secret where that was generated.
   * Each is handed over once and is gone from memory then. 1 000 are kept at most: where accounts are opened by requests
   * and nobody takes them, the oldest go. A secret that was not taken cannot be had again.
   */
  takeManagementClients(): CreatedManagementClient[]
  /** Resolves when the store answers. @throws StoreUnavailableError */
  ready(): Promise<void>
  /** The same as `ready`. @throws StoreUnavailableError */
  health(): Promise<void>
  /**
   * Counts and measures from now on, in a registry of prom-client (an optional peer): see docs/operations.md. Once for a
   * server, and one server for a registry.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`: it is no registry; `ERR_INVALID_ARG_VALUE`: it has a server's metrics, or this
   * server has a registry
   * @throws Error prom-client is not installed
   */
  metrics(registry: MetricsRegistry): void
  /**
   * Finishes what is being written, then closes the store. A second call is harmless. Ends also where the store hangs.
   * @throws StoreUnavailableError the store did not close within 10 s
   */
  close(): Promise<void>
  /** What the routers work with. */
  context: ServerContext
}

/**
 * Makes the authorization side: opens the store's collections and every listed account (its signing keys, the management
 * API, a management client), and returns routers to mount in any Express 4 or 5 application, at the root or under a path.
 *
 * It does not listen, does not terminate TLS, and does not watch the process: `close()` is the host's to call.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option; `encryptionKey` also where it is
 * missing for, or does not open, the signing keys in the store
 * @throws StoreUnavailableError `ERR_STORE_UNAVAILABLE`
 * @example
 * const server = await authorizationServer({ issuer: 'https://id.example.com', store: embeddedStore('.scopegate') })
 * app.use(server.router)
 * app.use('/admin', server.adminRouter)
 */
export function authorizationServer(
  ...call: readonly [options: AuthorizationServerOptions]
): Promise<AuthorizationServer> {
  // At once: Express 4 would not be told of a rejection.
  refuseAsMiddleware(call, 'authorizationServer')
  return open(...call)
}

async function open(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const { server, openAccounts } = await prepareServer(options)
  await openAccounts()
  return server
}

/** The same in two steps: what the first account was given can be taken although the second one cannot be opened. */
export interface PreparedServer {
  server: AuthorizationServer
  /** Opens the listed accounts, one after the other. @throws the reason of the signal, once it is aborted */
  openAccounts(signal?: AbortSignal): Promise<void>
}

/** @throws TypeError, StoreUnavailableError as {@link authorizationServer} does */
export async function prepareServer(options: AuthorizationServerOptions): Promise<PreparedServer> {
  const checked = validateOptions(options)
  const { accounts, checks } = checked
  const store = ensureDeadlines(checked.store)
  const ageClock = forwardClock(checked.clock)
  const metering: Metering = { meter: undefined }
  const records = await openRecords(measured(store, metering))
  const counters = options.rateLimits === false ? undefined : await store.counters?.(ageClock)
  const opened = { records, counters, ageClock, metering }
  const { context, tokenContext, authorizeContext, bootstrap } = assemble(checked, opened)
  const health = (...call: readonly unknown[]): Promise<void> => {
    refuseAsMiddleware(call, 'health', CALL_IN_HANDLER)
    return store.ping()
  }
  const sweeper = createSweeper(expiringOf(records))
  const shared = { resolve: accounts, checks, open: bootstrap.open, emit: tokenContext.emit, metering }
  const publicRoutes = createPublicRoutes(tokenContext, authorizeContext, {
    users: checked.users !== undefined,
    endSession: keepsSessions(checked.users),
  })
  const documents = createOpenApiHandlers(publicRoutes)
  const server: AuthorizationServer = {
    router: createPublicRouter(shared, publicRoutes, documents.public),
    adminRouter: createManagementRouter(shared, context, documents.management),
    openApiRouter: createOpenApiRouter(shared, documents.both),
    takeManagementClients: bootstrap.takeCreated,
    ready: health,
    health,
    metrics(registry) {
      if (metering.meter !== undefined) throw invalidValue('metrics: this server has a registry already')
      const { signingKeys } = tokenContext
      const { log } = context
      metering.meter = createMeter(registry, { clock: checked.clock, signingKeys, ...(log.isOn && { log }) })
    },
    async close() {
      await Promise.all([
        tokenContext.secretUses.settled(),
        tokenContext.signingKeys.settled(),
        sweeper.stop(),
        context.log.close(),
      ])
      await store.close()
    },
    context,
  }
  return {
    server,
    async openAccounts(signal) {
      for (const account of (accounts as Partial<ListedAccounts>).accounts ?? []) {
        signal?.throwIfAborted()
        // A key that cannot be opened stops the start before anything else is written.
        await tokenContext.signingKeys.signer(account.name)
        await bootstrap.open(account)
      }
      sweeper.start()
      // Last, so that a start that failed can be tried again with the same users.
      bindUsers(checked.users, {
        ...tokenContext,
        records,
        createRouter: (name, own) =>
          createAccountRouter(name, { ...shared, checkMount: createMountCheck(shared.emit), ...own }),
      })
    },
  }
}
