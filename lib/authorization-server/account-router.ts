import { asyncHandler, type Handler, type HttpRequest, type Next } from '../http/handler.js'
import { type ListedAccounts, pathOf, stripMountPath, validateAccount } from './accounts.js'
import type { Account, AccountResolver } from './context.js'

/** Remembers which account a request is for, until the request is gone. */
export interface AccountScope {
  accountOf(req: HttpRequest): Account
  set(req: HttpRequest, account: Account): void
}

export function createAccountScope(): AccountScope {
  const accounts = new WeakMap<HttpRequest, Account>()
  return {
    accountOf(req) {
      const account = accounts.get(req)
      if (account === undefined) throw new Error('no router has found the account of this request')
      return account
    },
    set(req, account) {
      accounts.set(req, account)
    },
  }
}

export interface AccountRouterOptions {
  resolve: AccountResolver
  scope: AccountScope
  /** Opens the account, if it is not open yet. */
  open(account: Account): Promise<void> | undefined
  /** Does this router serve the path (below the account)? What it does not serve goes on to the host's routes. */
  serves(path: string): boolean
  /** Serves it. */
  handle: Handler
  /** Answers a request for no known account. */
  refuse: Handler
  /** Answers where the account cannot be found out or opened. */
  fail(error: unknown, req: HttpRequest, res: Parameters<Handler>[1], next: Next): void
}

/**
 * Finds the account, takes the account's prefix off the URL, and hands the request on; a request that is not for this
 * router goes on with the URL it came with.
 */
export function createAccountRouter(name: string, options: AccountRouterOptions): Handler {
  const { resolve, scope, open, serves, handle, refuse, fail } = options
  const prefix = (resolve as Partial<ListedAccounts>).prefix
  const known = new WeakMap<Account, Account>()

  async function resolveAccount(req: HttpRequest): Promise<Account | null> {
    const found = await resolve(req)
    if (found === null) return null
    let account = known.get(found)
    if (account === undefined) {
      account = validateAccount(found)
      known.set(found, account)
    }
    return account
  }

  async function route(req: HttpRequest, res: Parameters<Handler>[1], next: Next): Promise<void> {
    const account = await resolveAccount(req)
    if (account === null) {
      const path = pathOf(req.url ?? '')
      if (serves(path) || isBelow(prefix, path)) refuse(req, res, next)
      else next()
      return
    }
    const whole = { url: req.url ?? '/', baseUrl: req.baseUrl }
    const { url, stripped } = stripMountPath(whole.url, account)
    if (!serves(pathOf(url))) {
      next()
      return
    }
    const opening = open(account)
    if (opening !== undefined) await opening
    scope.set(req, account)
    req.url = url
    if (stripped !== '') req.baseUrl = (whole.baseUrl ?? '') + stripped
    handle(req, res, error => {
      req.url = whole.url
      if (whole.baseUrl !== undefined) req.baseUrl = whole.baseUrl
      next(error)
    })
  }

  const router = asyncHandler((req, res, next) => route(req, res, next).catch(error => fail(error, req, res, next)))
  Object.defineProperty(router, 'name', { value: name })
  return router
}

function isBelow(prefix: string | undefined, path: string): boolean {
  if (prefix === undefined) return false
  return path.startsWith(prefix) || /^\/\.well-known\/[a-z-]+\/t\//.test(path)
}
