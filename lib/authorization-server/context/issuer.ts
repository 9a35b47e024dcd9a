import { invalidType, invalidValue } from '../../errors.js'

/** Names that can only mean this machine. */
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

const ACCOUNT_NAME = /^[a-z0-9-]{1,63}$/

/** How issuers are checked. */
export interface IssuerChecks {
  /** Accept http issuers on any host: for private networks. Default `false`: on loopback only. */
  allowInsecureRequests?: boolean
}

/**
 * Checks an issuer identifier (RFC 8414 §2): an https URL without query, fragment and user information, in its normal
 * form and without a trailing slash, because clients compare it byte for byte. Plain http is for loopback hosts, unless
 * it is allowed elsewhere.
 *
 * @param option what the message names
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function validateIssuer(issuer: unknown, option = 'issuer', checks: IssuerChecks = {}): string {
  const allowInsecureRequests = validateSwitch(checks.allowInsecureRequests)
  if (typeof issuer !== 'string') throw invalidType(`${option}: must be a string`)
  if (issuer.endsWith('/')) throw invalidValue(`${option}: must not end with a slash`)
  const url = parseUrl(issuer)
  if (url === null) throw invalidValue(`${option}: must be an absolute URL`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw invalidValue(`${option}: must be an https URL`)
  if (isInsecure(url) && !allowInsecureRequests) {
    throw invalidValue(
      `${option}: must be an https URL (http only for a loopback host; allowInsecureRequests allows it elsewhere)`,
    )
  }
  if (issuer !== url.origin + issuerPath(issuer)) {
    throw invalidValue(`${option}: must be in normal form, without user information, query and fragment`)
  }
  return issuer
}

/** Checks the option `allowInsecureRequests`. @throws TypeError `ERR_INVALID_ARG_TYPE` */
export function validateSwitch(option: unknown): boolean {
  if (option === undefined || typeof option === 'boolean') return option ?? false
  throw invalidType('allowInsecureRequests: must be a boolean')
}

/** Does the URL mean this machine? */
export function isLoopback({ hostname }: Pick<URL, 'hostname'>): boolean {
  return LOOPBACK.test(hostname)
}

/** Is it http to another machine? */
export function isInsecure(url: Pick<URL, 'protocol' | 'hostname'>): boolean {
  return url.protocol === 'http:' && !isLoopback(url)
}

/** The issuer's path, without a trailing slash: `/t/acme`, or empty. */
export function issuerPath(issuer: string): string {
  const { pathname } = new URL(issuer)
  return pathname === '/' ? '' : pathname
}

/**
 * Checks the name of an account: `[a-z0-9-]`, 1–63 characters.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function validateAccountName(name: unknown, option: string): string {
  if (typeof name !== 'string') throw invalidType(`${option}: must be a string`)
  if (!ACCOUNT_NAME.test(name)) throw invalidValue(`${option}: must be 1 to 63 characters of a-z, 0-9 and -`)
  return name
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}
