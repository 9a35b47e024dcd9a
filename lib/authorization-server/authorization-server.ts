import { type Clock, forwardClock } from '../clock.js'
import { invalidValue, ManagementError } from '../errors.js'
import {
  isManagementFault,
  isOauthFault,
  managementErrorHandler,
  oauthCode,
  oauthErrorHandler,
  toManagementError,
} from '../http/error-handler.js'
import { CALL_IN_HANDLER, refuseAsMiddleware } from '../http/factory.js'
import type { Handler, HttpRequest } from '../http/handler.js'
import { MANAGEMENT_BODY_LIMIT } from '../http/parameters.js'
import { pathOf } from '../http/request-target.js'
import { NOT_STORED, sendJson } from '../http/respond.js'
import type { Counters, Store } from '../store/port.js'
import { createSweeper } from '../store/sweeper.js'
import { API_USAGE_KIND, LOG_KIND } from '../store/log-records.js'
import { API_KIND, CLIENT_KIND, KEY_RING_KIND, SECRET_USE_KIND } from '../store/records.js'
import {
  AUTHORIZATION_CODE_KIND,
  AUTHORIZATION_REQUEST_KIND,
  CONSENT_KIND,
  GRANT_KIND,
  REVOKED_TOKEN_KIND,
  SESSION_KIND,
  SIGN_IN_KIND,
} from '../store/user-records.js'
import { type AccountHandler, createAccountRouter } from './accounts/account-router.js'
import { isInserted, type ListedAccounts } from './accounts/accounts.js'
import type { AuthorizeContext } from './authorize/authorize-context.js'
import { REQUEST_PATH } from './authorize/pending.js'
import { MANAGEMENT_PERMISSIONS } from './admin/catalogue.js'
import { createAdminRouter } from './admin/index.js'
import { createAuthorizeAdmin } from './admin/authorize-admin.js'
import { type Bootstrap, type CreatedManagementClient, createBootstrap } from './bootstrap/bootstrap.js'
import type { ServerContext } from './admin/admin-context.js'
import type { Records } from './context/context.js'
import type { Metering } from './context/meter.js'
import { createEmit } from './context/events.js'
import { ANY_MANAGER, createManagers } from './admin/managers.js'
import { PageError, pageErrorHandler } from './pages/page-error.js'
import { createGrants } from './grants/grants.js'
import { createConsents } from './consent/consents.js'
import { bindUsers, keepsSessions } from './users/ready-made.js'
import { createOwnVerifiers } from './tokens/own-verifiers.js'
import { createTokenState } from './tokens/token-state.js'
import { createUsers } from './users/users.js'
import { measureCollection } from './metrics/measured-collection.js'
import { createMeter } from './metrics/meter.js'
import type { MetricsRegistry } from './metrics/registry.js'
import { createMountCheck } from './accounts/mount-check.js'
import { createKeyEncryption } from './keys/key-encryption.js'
import { createOpenApiHandlers } from './openapi-documents.js'
import { DOCUMENT_PATH } from './openapi/place.js'
import { type AuthorizationServerOptions, type ValidatedOptions, validateOptions } from './options.js'
import { createPublicRoutes, DECISION_PATH, type PublicRoute } from './public-routes.js'
import { createLimits } from './limits/limits.js'
import { createRegistry } from './context/registry.js'
import { createSecretUses } from './clients/secret-uses.js'
import { createLog } from './log/log.js'
import { createSigningKeys } from './keys/signing-keys.js'
import { TOKEN_BODY_LIMIT } from './tokens/client-request.js'
import type { TokenContext } from './tokens/token-router.js'

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
  /** Finishes what is being written, then closes the store. A second call is harmless. */
  close(): Promise<void>
  /** What the routers work with. */
  context: ServerContext
}

/** The first segments of the management API's paths: what else comes to its router is the host's. */
const ADMIN_PATH = /^\/(?:apis|clients|consents|grants|keys|logs)(?:\/|$)/
/** The same, below an account or not. */
const ADMIN_PATH_BELOW = /\/(?:apis|clients|consents|grants|keys|logs)(?:\/|$)/

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
  const { store, accounts, checks } = checked
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

/** One after the other: an engine that makes collections and indexes is not asked for a dozen at once. */
async function openRecords(store: Pick<Store, 'collection'>): Promise<Records> {
  return {
    apis: await store.collection(API_KIND),
    clients: await store.collection(CLIENT_KIND),
    keyRings: await store.collection(KEY_RING_KIND),
    secretUses: await store.collection(SECRET_USE_KIND),
    authorizationRequests: await store.collection(AUTHORIZATION_REQUEST_KIND),
    authorizationCodes: await store.collection(AUTHORIZATION_CODE_KIND),
    grants: await store.collection(GRANT_KIND),
    consents: await store.collection(CONSENT_KIND),
    sessions: await store.collection(SESSION_KIND),
    signIns: await store.collection(SIGN_IN_KIND),
    revokedTokens: await store.collection(REVOKED_TOKEN_KIND),
    logs: await store.collection(LOG_KIND),
    apiUsage: await store.collection(API_USAGE_KIND),
  }
}

/** The same store, whose collections are measured. */
function measured(store: Store, metering: Metering): Pick<Store, 'collection'> {
  return { collection: async kind => measureCollection(kind.name, await store.collection(kind), metering) }
}

/** The kinds whose records expire. */
function expiringOf(records: Records): readonly Pick<Records['sessions'], 'removeExpired'>[] {
  const { authorizationRequests, authorizationCodes, grants, sessions, signIns, revokedTokens, logs, apiUsage } =
    records
  return [authorizationRequests, authorizationCodes, grants, sessions, signIns, revokedTokens, logs, apiUsage]
}

interface Opened {
  records: Records
  /** Absent: this process counts for itself. */
  counters: Counters | undefined
  ageClock: Clock
  metering: Metering
}

interface Assembly {
  context: ServerContext
  tokenContext: TokenContext
  authorizeContext: AuthorizeContext
  bootstrap: Bootstrap
}

function assemble(options: ValidatedOptions, { records, counters, ageClock, metering }: Opened): Assembly {
  const { clock, tokenType, managementClient, refreshGrace, revokesAccessTokens, consentPage } = options
  const registry = createRegistry(records, ageClock)
  const report = createEmit(options.onEvent)
  const log = createLog({ records, registry, clock, retention: options.logRetention, report })
  const tell = createEmit(options.onEvent, log.record)
  const emit: typeof tell = event => {
    metering.meter?.notice(event)
    tell(event)
  }
  const encryption = createKeyEncryption(options.encryption)
  const keyOptions = { tokenType, encryption, maxAge: options.keyMaxAge }
  const signingKeys = createSigningKeys({ rings: records.keyRings, ...keyOptions, clock, emit })
  const revocable = revokesAccessTokens && { revokedTokens: records.revokedTokens }
  const verifiers = createOwnVerifiers({ clock, signingKeys })
  const authorizeAdmin = options.authorizeAdmin ?? createAuthorizeAdmin({ verifiers, registry, ...revocable })
  const managers =
    options.authorizeAdmin === undefined ? createManagers({ clients: records.clients, clock }) : ANY_MANAGER
  const secretUses = createSecretUses({ records, clock, ageClock, emit })
  const limits = createLimits(options.rateLimits, { clock: ageClock, emit, counters })
  const permissions = MANAGEMENT_PERMISSIONS
  const grants = createGrants({ records, clock, emit })
  const users = options.users && createUsers(options.users, emit)
  const tokenState = createTokenState({ clock, registry, records, grants, verifiers })
  const { apiGrants } = options
  return {
    context: {
      ...{ clock, records, registry, grants, secretUses, limits, managers, authorizeAdmin, apiGrants, emit, log },
      ...(users !== undefined && { users }),
      keys: signingKeys.management,
      metering,
    },
    tokenContext: {
      ...{ clock, registry, signingKeys, records, grants, tokenState, emit, secretUses, limits, metering },
      ...{ apiGrants, refreshGrace, revokesAccessTokens },
      ...(users !== undefined && { users }),
    },
    authorizeContext: {
      ...{ clock, registry, records, emit, apiGrants, limits, consents: createConsents({ records, clock }) },
      ...(users !== undefined && { users }),
      ...(consentPage !== undefined && { consentPage }),
    },
    bootstrap: createBootstrap({ clock, records, registry, signingKeys, emit, permissions, managementClient }),
  }
}

type Shared = Pick<Parameters<typeof createAccountRouter>[1], 'resolve' | 'checks' | 'open' | 'emit' | 'metering'>

/** The paths that people come to, below an account or not: what goes wrong there is answered by a page. */
const PAGE_PATH = /\/authorize(?:\/[^/]+)?$/

const isForPeople = ({ url = '/' }: HttpRequest): boolean => PAGE_PATH.test(pathOf(url))

function createPublicRouter(shared: Shared, routes: readonly PublicRoute[], openApi: AccountHandler): Handler {
  const handlers: ReadonlyMap<string, AccountHandler> = new Map([
    ...routes.map(({ path, handle }) => [path, handle] as const),
    [DOCUMENT_PATH, openApi],
  ])
  const decide = handlers.get(DECISION_PATH)
  const paths = [...handlers.keys()]
  return createAccountRouter('authorizationServer', {
    ...shared,
    checkMount: createMountCheck(shared.emit),
    find: path => handlers.get(path) ?? (REQUEST_PATH.test(path) ? decide : undefined),
    reaches: path => isInserted(path) || PAGE_PATH.test(path) || paths.some(own => path.endsWith(own)),
    bodyLimit: TOKEN_BODY_LIMIT,
    refuse: (req, res, next) => {
      const message = 'There is no such account.'
      if (isForPeople(req)) pageErrorHandler(new PageError(404, 'Not found', message), req, res, next)
      else sendJson(res, 404, { error: 'not_found', error_description: message }, NOT_STORED)
    },
    answer: (error, req, res, next) => (isForPeople(req) ? pageErrorHandler : oauthErrorHandler)(error, req, res, next),
    isFault: isOauthFault,
    // What a person is told has no code; why /authorize refuses is told by its events.
    codeOf: (error, req) => (isForPeople(req) ? undefined : oauthCode(error)),
  })
}

function createManagementRouter(shared: Shared, context: ServerContext, openApi: AccountHandler): Handler {
  const management = createAdminRouter(context)
  return createJsonRouter('managementApi', shared, {
    find: path => (path === DOCUMENT_PATH ? openApi : ADMIN_PATH.test(path) ? management : undefined),
    reaches: path => path.endsWith(DOCUMENT_PATH) || ADMIN_PATH_BELOW.test(path),
  })
}

function createOpenApiRouter(shared: Shared, openApi: AccountHandler): Handler {
  return createJsonRouter('openApi', shared, {
    find: path => (path === DOCUMENT_PATH ? openApi : undefined),
    reaches: path => path.endsWith(DOCUMENT_PATH),
  })
}

/** A router that answers in the words of the management API. */
function createJsonRouter(
  name: string,
  shared: Shared,
  paths: Pick<Parameters<typeof createAccountRouter>[1], 'find' | 'reaches'>,
): Handler {
  return createAccountRouter(name, {
    ...shared,
    ...paths,
    bodyLimit: MANAGEMENT_BODY_LIMIT,
    refuse: (req, res, next) => {
      managementErrorHandler(new ManagementError('not_found', 'There is no such resource.'), req, res, next)
    },
    answer: managementErrorHandler,
    isFault: isManagementFault,
    codeOf: error => toManagementError(error).errorCode,
  })
}
