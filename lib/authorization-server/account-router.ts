import { asyncHandler, type Handler, type HttpRequest, type HttpResponse, type Next } from '../http/handler.js'
import { memoize } from '../memoize.js'
import { type ListedAccounts, pathOf, stripMountPath, validateAccount } from './accounts.js'
import type { Account, AccountResolver } from './context.js'

/** A handler of what one account serves. */
export type AccountHandler = (req: HttpRequest, res: HttpResponse, next: Next, account: Account) => void

export interface AccountRouterOptions {
  resolve: AccountResolver
  /** Opens the account, if it is not open yet. */
  open(account: Account): Promise<void> | undefined
  /** What serves the path (below the account)? What nothing serves goes on to the host's routes. */
  find(path: string): AccountHandler | undefined
  /** Answers a request for no known account. */
  refuse: Handler
  /** Answers where the account cannot be found out or opened. */
  fail(error: unknown, req: HttpRequest, res: HttpResponse, next: Next): void
}

/**
 * Finds the account, takes the account's prefix off the URL, and hands the request on; a request that is not for this
 * router goes on with the URL it came with.
 */
export function createAccountRouter(name: string, options: AccountRouterOptions): Handler {
  const { resolve, open, find, refuse, fail } = options
  const prefix = (resolve as Partial<ListedAccounts>).prefix
  const known = new WeakMap<Account, Account>()

  async function route(req: HttpRequest, res: HttpResponse, next: Next): Promise<void> {
    const found = resolve(req)
    const account = isPromise(found) ? await found : found
    const { url = '/' } = req
    if (account === null) {
      const path = pathOf(url)
      if (find(path) !== undefined || isBelow(prefix, path)) refuse(req, res, next)
      else next()
      return
    }
    const valid = memoize(known, account, () => validateAccount(account))
    const inner = stripMountPath(url, valid)
    const handle = find(pathOf(inner.url))
    if (handle === undefined) return next()
    const opening = open(valid)
    if (opening !== undefined) await opening
    handle(req, res, inner.url === url ? next : enter(req, inner, next), valid)
  }

  const router = asyncHandler((req, res, next) => route(req, res, next).catch(error => fail(error, req, res, next)))
  Object.defineProperty(router, 'name', { value: name })
  return router
}

function isPromise(found: ReturnType<AccountResolver>): found is Promise<Account | null> {
  return found !== null && 'then' in found
}

/** Gives the request the URL below the account, as Express does below a mount path. @returns takes it back, and goes on */
function enter(req: HttpRequest, { url, stripped }: ReturnType<typeof stripMountPath>, next: Next): Next {
  const whole = { url: req.url, baseUrl: req.baseUrl }
  req.url = url
  if (stripped !== '') req.baseUrl = (whole.baseUrl ?? '') + stripped
  return error => {
    Object.assign(req, whole.baseUrl === undefined ? { url: whole.url } : whole)
    next(error)
  }
}

function isBelow(prefix: string | undefined, path: string): boolean {
  if (prefix === undefined) return false
  return path.startsWith(prefix) || /^\/\.well-known\/[a-z-]+\/t\//.test(path)
}
