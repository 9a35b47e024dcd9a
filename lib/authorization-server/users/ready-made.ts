import { SIGN_IN_DETAILS } from '../../details.js'
import { invalidType, invalidValue } from '../../errors.js'
import type { Handler, HttpRequest, HttpResponse } from '../../http/handler.js'
import { pathOf } from '../../http/request-target.js'
import type { AccountHandler, AccountRouterOptions } from '../accounts/account-router.js'
import type { Account, Records, Registry } from '../context/context.js'
import type { Emit } from '../context/events.js'
import type { Clock } from '../../clock.js'
import type { Limits } from '../limits/limits.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import { html } from '../pages/html.js'
import { isPageFault, PageError, pageErrorHandler, unavailable } from '../pages/page-error.js'
import { sendPage } from '../pages/page.js'
import { createLogoutHandler } from './logout.js'
import { createSessions } from './sessions.js'
import type { SignInMethod } from './sign-in-method.js'
import { createSignIns } from './sign-ins.js'
import type { UserClaims, UsersOption } from './users-option.js'

/** Seconds. */
const SESSION_LIFETIME = 43_200

/** Bytes of the longest form that is posted to a page. */
const BODY_LIMIT = 65_536

/** The member by which a server hands its services to a ready-made host of users. Both builds of the package share it. */
const BIND: unique symbol = Symbol.for('scopegate.users.bind')

/** What sign-in pages need of the server that they belong to. */
export interface UserServices {
  clock: Clock
  emit: Emit
  records: Pick<Records, 'sessions' | 'signIns' | 'authorizationRequests'>
  registry: Pick<Registry, 'client'>
  signingKeys: Pick<SigningKeys, 'publicKeys'>
  limits: Pick<Limits, 'authorize'>
  /** A router that finds accounts, and opens them, as the server's own do. */
  createRouter(
    name: string,
    options: Pick<AccountRouterOptions, 'find' | 'reaches' | 'bodyLimit' | 'refuse' | 'answer' | 'isFault'>,
  ): Handler
}

interface Binding {
  readonly isBound: boolean
  bind(services: UserServices): void
}

/** Users whose sign-in is kept by us, and the pages where they sign in and out. */
export interface ReadyMadeUsers {
  /** `/login`, `/login/callback`, `/logout`: to be mounted where `server.router` is. 503 until a server has `users`. */
  router: Handler
  /** For `authorizationServer({ users })`, as it is or spread: `{ ...users, permissionsOf }`. For one server only. */
  users: UsersOption
}

/** @param sessionLifetime seconds after which a session ends, however much it is used. Default: 12 hours */
export function createReadyMadeUsers(method: SignInMethod, sessionLifetime = SESSION_LIFETIME): ReadyMadeUsers {
  let bound: Bound | undefined
  const binding: Binding = {
    get isBound() {
      return bound !== undefined
    },
    bind(services) {
      if (bound !== undefined) throw alreadyBound()
      bound = open(method, sessionLifetime, services)
    },
  }

  function router(req: HttpRequest, res: HttpResponse, next: (error?: unknown) => void): void {
    if (bound !== undefined) return bound.router(req, res, next)
    const path = pathOf(req.url ?? '')
    if (!PATHS.some(own => path.endsWith(own))) return next()
    pageErrorHandler(
      unavailable(new Error('authorizationServer({ users }) has not been given these users')),
      req,
      res,
      next,
    )
  }

  const users: UsersOption & { [BIND]: Binding } = {
    [BIND]: binding,
    async authenticate(req, account) {
      if (bound === undefined) throw new Error('these users belong to no server yet')
      const session = await bound.sessions.find(account, req)
      if (session === null || method.knows?.(session.user) === false) return undefined
      const { user: id, auth_time: authTime, claims } = session
      return { id, authTime, ...(claims !== undefined && { claims: JSON.parse(claims) as UserClaims }) }
    },
    loginUrl(returnTo, { account }) {
      return `${account.issuer}/login?return_to=${encodeURIComponent(returnTo)}`
    },
  }
  return { router, users }
}

/** Before a server is there: what could be one of ours. */
const PATHS = ['/login', '/login/callback', '/logout']

type Bound = { router: Handler; sessions: ReturnType<typeof createSessions> }

function open(method: SignInMethod, lifetime: number, services: UserServices): Bound {
  const { clock, records, registry, signingKeys, limits, emit, createRouter } = services
  const { source } = method
  const sessions = createSessions({ records, clock, source, lifetime, emit })
  const signIns = createSignIns({ records, clock })
  const handlers = new Map<string, AccountHandler>()
  for (const [path, handle] of method.handlers({ clock, sessions, signIns })) {
    handlers.set(path, tellRefusals(limit(handle, limits), source, emit))
  }
  handlers.set('/logout', createLogoutHandler({ sessions, registry, signingKeys }))
  const paths = [...handlers.keys()]
  const router = createRouter('users', {
    find: path => handlers.get(path),
    reaches: path => paths.some(own => path.endsWith(own)),
    bodyLimit: BODY_LIMIT,
    refuse: (_req, res) => sendPage(res, 404, { title: 'Not found', body: html`<p>There is no such page.</p>` }),
    answer: pageErrorHandler,
    isFault: isPageFault,
  })
  return { router, sessions }
}

/** A sign-in counts as what leads to it: by address. */
function limit(handle: AccountHandler, limits: UserServices['limits']): AccountHandler {
  return async function limited(req, res, account) {
    await limits.authorize(req, account)
    await handle(req, res, account)
  }
}

/** Tells the events of each sign-in that is refused. */
function tellRefusals(handle: AccountHandler, source: string, emit: Emit): AccountHandler {
  return async function signIn(req, res, account: Account) {
    try {
      await handle(req, res, account)
    } catch (error) {
      const detail = SIGN_IN_DETAILS.find(known => error instanceof PageError && known === error.detail)
      if (detail !== undefined) emit({ type: 'sign_in.refused', account: account.name, source, detail })
      throw error
    }
  }
}

/** @throws TypeError `ERR_INVALID_ARG_VALUE` where another server has these users */
export function assertUnbound(option: UsersOption): void {
  if (bindingOf(option)?.isBound) throw alreadyBound()
}

/** Hands the services to users of ours; others need none. @throws TypeError as {@link assertUnbound} does */
export function bindUsers(option: UsersOption | undefined, services: UserServices): void {
  bindingOf(option)?.bind(services)
}

/** Are the sessions of these users ours, so that sign-out is ours too? */
export function keepsSessions(option: UsersOption | undefined): boolean {
  return bindingOf(option) !== undefined
}

function bindingOf(option: UsersOption | undefined): Binding | undefined {
  return (option as { [BIND]?: Binding } | undefined)?.[BIND]
}

function alreadyBound(): TypeError {
  return invalidValue('users: belong to another server already: make a pair of users and router for each')
}

/** Checks the option `sessionLifetime`, in seconds. @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` */
export function validateSessionLifetime(seconds: unknown = SESSION_LIFETIME): number {
  if (typeof seconds !== 'number') throw invalidType('sessionLifetime: must be a number')
  if (!Number.isSafeInteger(seconds) || seconds < 60 || seconds > 2_592_000) {
    throw invalidValue('sessionLifetime: must be whole seconds, 60 to 2592000')
  }
  return seconds
}
