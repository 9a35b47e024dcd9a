import { invalidType, invalidValue } from '../../errors.js'

/** A number's bounds, both allowed, and what stands where it is omitted. */
export interface NumberRange {
  min: number
  max: number
  fallback: number
}

/** Demands an object that is not a list. */
export function assertRecord(
  value: unknown,
  name: string,
  what = 'an object',
): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType(name === 'options' ? 'options must be an object' : `option ${name} must be ${what}`)
  }
}

/** Refuses option names that are not known: a misspelt option must never mean its default. */
export function assertKnown(options: object, known: readonly string[], prefix: string): void {
  const unknown = Object.keys(options).find(name => !known.includes(name))
  if (unknown === undefined) return
  throw invalidValue(`unknown ${prefix}${prefix.endsWith('.') ? '' : ' '}${JSON.stringify(unknown)}`)
}

/** Demands a text that is not empty. */
export function checkText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalidType(`option ${name} must be a string`)
  if (value === '') throw invalidValue(`option ${name} must not be empty`)
  return value
}

/** Demands a list, and of each entry what `check` demands. The list is copied. */
export function checkList<T>(value: unknown, name: string, check: (entry: unknown, name: string) => T): T[] {
  if (!Array.isArray(value)) throw invalidType(`option ${name} must be a list`)
  return value.map(entry => check(entry, name))
}

/** Demands a finite number within the range, a whole one unless told otherwise. */
export function checkNumber(value: unknown, name: string, range: NumberRange, whole = true): number {
  if (value === undefined) return range.fallback
  if (typeof value !== 'number') throw invalidType(`option ${name} must be a number`)
  if (!(value >= range.min && value <= range.max) || (whole && !Number.isInteger(value))) {
    throw invalidValue(`option ${name} must be ${whole ? 'a whole number ' : ''}from ${range.min} to ${range.max}`)
  }
  return value
}

/**
 * Demands an absolute https URL, or an http one on loopback, without userinfo. Given back as it is written.
 * @param allowInsecureRequests http elsewhere, too; where there is such an option at all
 */
export function checkUrl(value: unknown, name: string, allowInsecureRequests?: boolean): string {
  const text = checkText(value, name)
  const url = parseUrl(text)
  if (url === undefined) throw invalidValue(`option ${name} must be an absolute URL`)
  if (hasUserinfo(text)) throw invalidValue(`option ${name} must hold no userinfo`)
  if (!isTrustedTransport(url) && !(allowInsecureRequests && url.protocol === 'http:')) {
    const hint = allowInsecureRequests === undefined ? '' : '; allowInsecureRequests allows it elsewhere'
    throw invalidValue(`option ${name} must be https (http on loopback only${hint})`)
  }
  return text
}

/** https, or http to this very machine. */
export function isTrustedTransport(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}

/** Does the URL point at this very machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3)? */
export function isLoopback({ hostname }: URL): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  )
}

/**
 * Parses an absolute URL as it stands: without white space, control characters and backslashes, and with a host, all of
 * which the URL parser would drop, or make something else of, silently.
 */
export function parseUrl(text: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(text) || !/^[\x21-\x5b\x5d-\x7e]+$/.test(text)) return undefined
  return URL.canParse(text) ? new URL(text) : undefined
}

/** Does an absolute URL name a user before its host, be the name empty (RFC 3986 §3.2.1)? */
export function hasUserinfo(url: string): boolean {
  return /^[^/?#]*\/\/[^/?#]*@/.test(url)
}
