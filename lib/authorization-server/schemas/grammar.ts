import { isScopeToken } from '../../scope.js'

/** Schemes that run or carry content, or read the machine's files: never an identifier, never a redirect. */
const CONTENT_SCHEMES: ReadonlySet<string> = new Set(['javascript', 'data', 'vbscript', 'blob', 'file', 'about'])

/** `urn:` NID `:` NSS (RFC 8141 §2). */
const URN = /^urn:[a-z0-9][a-z0-9-]{0,30}[a-z0-9]:[^#?]+$/i

/** Printable ASCII without blank and without the characters that no URI contains (RFC 3986 §2). */
const URI_CHARACTERS = /^[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/

/**
 * Is this an API's identifier: an absolute URL or a URN in ASCII, without fragment, user information and white space,
 * whose scheme does not carry content? Length is not checked. It is never normalised.
 */
export function isIdentifier(text: string): boolean {
  return isAbsoluteUri(text)
}

/** Is this a redirect URI: absolute, without fragment, user information and white space (RFC 6749 §3.1.2, RFC 9700 §4.1)? */
export function isRedirectUri(text: string): boolean {
  return isAbsoluteUri(text) && !/^urn:/i.test(text)
}

function isAbsoluteUri(text: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined || CONTENT_SCHEMES.has(scheme)) return false
  if (!URI_CHARACTERS.test(text) || text.includes('#')) return false
  if (scheme === 'urn') return URN.test(text)
  const rest = text.slice(scheme.length + 1)
  return rest !== '' && hasSoundAuthority(scheme, rest, text)
}

function hasSoundAuthority(scheme: string, rest: string, text: string): boolean {
  const authority = /^\/\/([^/?]*)/.exec(rest)?.[1]
  const isWeb = scheme === 'http' || scheme === 'https'
  if (authority === undefined) return !isWeb
  if (authority === '' || authority.includes('@')) return false
  return !isWeb || URL.canParse(text)
}

/** Is this a web origin in its one spelling: `scheme://host[:port]` (RFC 6454 §6.1)? */
export function isWebOrigin(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text) || text.includes('*')) return false
  return new URL(text).origin === text
}

/** Does it show at least one visible character, and no control character and no line break? */
export function isVisibleText(text: string): boolean {
  return !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text) && /[\p{L}\p{N}\p{P}\p{S}]/u.test(text)
}

/** No control character besides tab and line break; no lone surrogate. */
export function isPlainText(text: string): boolean {
  return !/(?![\t\n\r])\p{Cc}|\p{Cs}/u.test(text)
}

export { isScopeToken }
