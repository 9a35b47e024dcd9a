import { readCookies } from '../../http/cookies.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { Account } from '../context/context.js'
import { MINTED, oneWay } from '../context/one-way.js'

/** Seconds. As long as a request lives. */
export const REQUEST_LIFETIME = 600
/** Requests under way in one browser at most: the cookies of the oldest ones are dropped. */
const MAX_COOKIES = 20

/** Each request has a cookie of its own, so that several tabs do not take it from each other. Ids sort by their time. */
const NAME = /^(?:__Host-)?scopegate_(req_[0-9a-z]{1,40})$/

/** The value by which this browser shows that the request was begun in it; undefined: it was not. */
export function findSecret(req: HttpRequest, account: Account, { id, browser }: BrowserBinding): string | undefined {
  const name = nameOf(account, id)
  return readCookies(req).find(
    cookie => cookie.name === name && MINTED.test(cookie.value) && oneWay(cookie.value) === browser,
  )?.value
}

export interface BrowserBinding {
  /** Of the request. */
  id: string
  /** SHA-256, base64url, of the cookie's value. */
  browser: string
}

/** Binds the browser to the request. */
export function bindBrowser(req: HttpRequest, res: HttpResponse, account: Account, id: string, value: string): void {
  const known = new Set(readCookies(req).flatMap(({ name }) => NAME.exec(name)?.[1] ?? []))
  known.delete(id)
  const superfluous = [...known].sort().slice(0, Math.max(0, known.size + 1 - MAX_COOKIES))
  const cookies = [format(account, id, value, REQUEST_LIFETIME), ...superfluous.map(old => format(account, old, '', 0))]
  res.appendHeader('Set-Cookie', cookies)
}

export function releaseBrowser(res: HttpResponse, account: Account, id: string): void {
  res.appendHeader('Set-Cookie', [format(account, id, '', 0)])
}

/** `__Host-`: no other host, no other scheme and no other path can have set it. Browsers refuse it without TLS. */
function nameOf({ issuer }: Account, id: string): string {
  return `${issuer.startsWith('https:') ? '__Host-' : ''}scopegate_${id}`
}

function format(account: Account, id: string, value: string, maxAge: number): string {
  const secure = account.issuer.startsWith('https:') ? '; Secure' : ''
  return `${nameOf(account, id)}=${value}; Path=/; Max-Age=${maxAge}${secure}; HttpOnly; SameSite=Lax`
}
