import { readCookies } from '../../http/cookies.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { MINTED } from '../context/one-way.js'
import type { Account } from '../context/context.js'

/** What a cookie is for: the session, or the sign-in that is under way. */
export type CookieUse = 'session' | 'sign-in'

/**
 * The value of a cookie of ours: 256 random bits, base64url. Where there are two of one name, somebody else has set one
 * (RFC 6265 §8.6): then there is none.
 */
export function readCookie(req: HttpRequest, account: Account, use: CookieUse): string | undefined {
  const own = nameOf(account, use)
  const [cookie, ...others] = readCookies(req).filter(({ name }) => name === own)
  return cookie !== undefined && others.length === 0 && MINTED.test(cookie.value) ? cookie.value : undefined
}

/**
 * Sets a cookie of ours beside those of the host: for this host alone where the issuer is https (`__Host-`), out of reach
 * of scripts, and not sent with what other sites post or embed.
 * @param maxAge seconds; absent: until the browser is closed
 */
export function setCookie(
  res: HttpResponse,
  account: Account,
  use: CookieUse,
  value: string,
  maxAge: number | undefined,
): void {
  const parts = [`${nameOf(account, use)}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Lax']
  if (isSecure(account)) parts.push('Secure')
  if (maxAge !== undefined) parts.push(`Max-Age=${maxAge}`)
  res.appendHeader('Set-Cookie', parts.join('; '))
}

export function clearCookie(res: HttpResponse, account: Account, use: CookieUse): void {
  setCookie(res, account, use, '', 0)
}

/** Accounts may share a host: each has a cookie of its own. */
function nameOf(account: Account, use: CookieUse): string {
  return `${isSecure(account) ? '__Host-' : ''}scopegate.${use}.${account.name}`
}

function isSecure({ issuer }: Account): boolean {
  return issuer.startsWith('https:')
}
