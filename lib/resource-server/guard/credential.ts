import type { GuardDetail } from '../../details.js'
import { InvalidRequestError } from '../../errors.js'
import { hasSeveralAuthorizations } from '../../http/authorization.js'
import type { HttpRequest } from '../../http/handler.js'

export interface CredentialOptions {
  /** Also read `access_token` of a form body (RFC 6750 §2.2). */
  formBody: boolean
  /** Is `DPoP` a scheme here (RFC 9449 §7.1)? Otherwise it is one like any other. */
  dpop: boolean
}

export type Scheme = 'Bearer' | 'DPoP'

/** An access token as it was presented. */
export interface Credential {
  scheme: Scheme
  token: string
}

/** What a client is told, whichever rule it broke. */
const DESCRIPTION = 'The request does not carry exactly one well-formed access token'
/** An auth-scheme is a token of RFC 9110 §5.6.2. */
const SCHEME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/
/** `b64token` of RFC 6750 §2.1, `token68` of RFC 9110 §11.2. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/
const FORM = /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i

/** Is this text one that may follow the scheme at all (RFC 6750 §2.1)? */
export function isB64Token(text: string): boolean {
  return B64TOKEN.test(text)
}

/** A malformed request; the reason is for events only. */
export function malformed(detail: GuardDetail): InvalidRequestError {
  return new InvalidRequestError(DESCRIPTION, { detail })
}

/**
 * Reads the one access token that a request may carry (RFC 6750 §2). Never reads the query string.
 *
 * It does not check the token's characters, because verification does, in the same pass that reads them; the caller
 * answers 400 rather than 401 where {@link isB64Token} does not hold of what failed.
 *
 * @returns undefined where there is no credential, or one of another scheme
 * @throws InvalidRequestError two credentials, or a scheme without a token
 */
export function readCredential(req: HttpRequest, options: CredentialOptions): Credential | undefined {
  const fromHeader = readHeader(req, options.dpop)
  const fromForm = options.formBody ? readForm(req) : undefined
  if (fromForm === undefined) return fromHeader
  if (req.headers.authorization !== undefined) throw malformed('credential_in_header_and_form')
  return fromForm
}

function readHeader(req: HttpRequest, dpop: boolean): Credential | undefined {
  const header: unknown = req.headers.authorization
  if (header === undefined) return undefined
  if (typeof header !== 'string' || hasSeveralAuthorizations(req.rawHeaders ?? []))
    throw malformed('several_authorization_headers')
  const scheme = header.startsWith('Bearer ') ? 'Bearer' : schemeOf(header)
  if (scheme === undefined || (scheme === 'DPoP' && !dpop)) return undefined
  return { scheme, token: afterBlanks(header, scheme.length) }
}

/** The scheme of an `Authorization` header, in any case (RFC 9110 §11.1), where it is one of ours. */
export function schemeOf(header: string): Scheme | undefined {
  const name = SCHEME.exec(header)?.[0].toLowerCase()
  if (name === 'bearer') return 'Bearer'
  return name === 'dpop' ? 'DPoP' : undefined
}

/** The rest of the header after `1*SP` (RFC 6750 §2.1). */
function afterBlanks(header: string, from: number): string {
  let start = from
  while (header.charCodeAt(start) === 0x20) start++
  if (start === header.length) throw malformed('no_token')
  if (start === from) throw malformed('no_blank_after_scheme')
  return header.slice(start)
}

/** RFC 6750 §2.2: a form, and a method whose body has a meaning. */
function readForm(req: HttpRequest): Credential | undefined {
  const { body, method } = req
  if (method === 'GET' || method === 'HEAD' || !FORM.test(req.headers['content-type'] ?? '')) return undefined
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'access_token')) return undefined
  const token = (body as Record<string, unknown>)['access_token']
  if (typeof token !== 'string' || token === '') throw malformed('form_token_not_text')
  return { scheme: 'Bearer', token }
}
