import type { Handler, HttpRequest, HttpResponse, Next } from '../../http/handler.js'
import { letGo, takeIn } from '../../http/intake.js'
import { takeOver } from '../../http/unread-body.js'
import { originForm, pathOf } from '../../http/request-target.js'
import { type ListedAccounts, stripMountPath, validateAnswer } from './accounts.js'
import type { Account, AccountResolver } from '../context/context.js'
import type { Emit } from '../context/events.js'
import type { IssuerChecks } from '../context/issuer.js'
import type { Meter, Metering } from '../context/meter.js'

/** A handler of what one account serves. What it throws, or rejects with, its router answers. */
export type AccountHandler = (req: HttpRequest, res: HttpResponse, account: Account) => Promise<void> | void

export interface AccountRouterOptions {
  resolve: AccountResolver
  /** How an account's issuer is checked. */
  checks: IssuerChecks
  /** Told, of each request that is served, what was stripped of its path for the account. */
  checkMount?(req: HttpRequest, stripped: string, account: Account): void
  /** Opens the account, if it is not open yet. */
  open(account: Account): Promise<void> | undefined
  /** What serves the path (below the account)? What nothing serves goes on to the host's routes. */
  find(path: string): AccountHandler | undefined
  /** Could the path be one that is served below some account? Where it could not, no account is looked for. */
  reaches(path: string): boolean
  /** Bytes of the longest body that is read. */
  bodyLimit: number
  /** Answers a request for no known account. */
  refuse: Handler
  /** Answers where something was thrown. */
  answer(error: unknown, req: HttpRequest, res: HttpResponse, next: Next): void
  /** Is that answer a 5xx? */
  isFault(error: unknown): boolean
  /** The wire code of that answer; undefined: it has none. */
  codeOf?(error: unknown, req: HttpRequest): string | undefined
  emit: Emit
  metering: Metering
}

/** A request that may be for an account. */
interface Arrival {
  req: HttpRequest
  res: HttpResponse
  /** Goes on to the host's routes, with the URL that the request came with. */
  next: Next
  /** Its path and query. */
  target: string
}

/**
 * Finds the account, takes the account's prefix off the URL, and hands the request on; a request that is not for this
 * router goes on with the URL it came with. What is thrown behind it is answered here; a fault is told to the events, once.
 */
export function createAccountRouter(name: string, options: AccountRouterOptions): Handler {
  const { resolve, checks, checkMount, open, find, reaches, bodyLimit, refuse, answer, isFault, emit, metering } =
    options
  const { pathBelow } = resolve as Partial<ListedAccounts>

  function router(req: HttpRequest, res: HttpResponse, next: Next): void {
    const { url = '/' } = req
    const path = pathOf(url)
    if (find(path) === undefined && !reaches(path)) return next()
    // Somebody else listens: what comes while the account is looked for would be lost.
    if (typeof req.readableFlowing === 'boolean') takeIn(req, bodyLimit)
    const target = originForm(url)
    const arrival = { req, res, next: target === url ? next : enter(req, target, '', next), target }
    let account: Account | null
    try {
      const found: unknown = resolve(req)
      if (isThenable(found)) return serveLater(found, arrival)
      account = validateAnswer(found, checks)
    } catch (error) {
      return fail(error, arrival)
    }
    serve(account, arrival)
  }

  function serveLater(found: PromiseLike<unknown>, arrival: Arrival): void {
    Promise.resolve(found)
      .then(answered => serve(validateAnswer(answered, checks), arrival))
      .catch(error => fail(error, arrival))
  }

  function serve(account: Account | null, arrival: Arrival): void {
    const { req, target } = arrival
    if (account === null) return serveNobody(arrival)
    const { url, stripped } = stripMountPath(target, account)
    const path = pathOf(url)
    const handle = find(path)
    if (handle === undefined) return passOn(arrival)
    metering.meter?.begin(path, req, arrival.res)
    checkMount?.(req, stripped, account)
    if (url !== target) arrival.next = enter(req, url, stripped, arrival.next)
    let opening: Promise<void> | undefined
    try {
      opening = open(account)
    } catch (error) {
      return fail(error, arrival, account)
    }
    if (opening === undefined) return run(handle, account, arrival)
    opening.then(
      () => run(handle, account, arrival),
      error => fail(error, arrival, account),
    )
  }

  /** Another router answers for what it would serve of an account that nobody knows, the host for the rest. */
  function serveNobody(arrival: Arrival): void {
    const { req, res, next, target } = arrival
    const path = pathOf(target)
    const isOurs = [path, pathBelow?.(path)].some(own => own !== undefined && find(own) !== undefined)
    if (!isOurs) return passOn(arrival)
    letGo(req)
    takeOver(req, res)
    metering.meter?.begin('', req, res)
    refuse(req, res, next)
  }

  function run(handle: AccountHandler, account: Account, arrival: Arrival): void {
    takeOver(arrival.req, arrival.res)
    try {
      const running = handle(arrival.req, arrival.res, account)
      if (running !== undefined) running.catch(error => fail(error, arrival, account))
    } catch (error) {
      fail(error, arrival, account)
    }
  }

  function fail(error: unknown, { req, res, next }: Arrival, account?: Account): void {
    letGo(req)
    takeOver(req, res)
    try {
      const whose = account === undefined ? {} : { account: account.name }
      if (isFault(error)) emit({ type: 'server.error', ...whose, cause: error })
      if (metering.meter !== undefined) count(metering.meter, error, req)
      answer(error, req, res, next)
    } catch (thrown) {
      next(new Error('an error could not be answered', { cause: thrown }))
    }
  }

  function count(meter: Meter, error: unknown, req: HttpRequest): void {
    const code = options.codeOf?.(error, req)
    if (code !== undefined) meter.refuse(pathOf(req.url ?? '/'), code)
  }

  Object.defineProperty(router, 'name', { value: name })
  return router
}

function passOn({ req, next }: Arrival): void {
  letGo(req)
  next()
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Gives the request the URL below the account, as Express does below a mount path. @returns takes it back, and goes on */
function enter(req: HttpRequest, url: string, stripped: string, next: Next): Next {
  const whole = { url: req.url, baseUrl: req.baseUrl }
  req.url = url
  if (stripped !== '') req.baseUrl = (whole.baseUrl ?? '') + stripped
  return error => {
    Object.assign(req, whole.baseUrl === undefined ? { url: whole.url } : whole)
    next(error)
  }
}
