import type { TokenEndpointDetail } from '../details.js'
import { InvalidRequestError, ManagementError, RequestTimeoutError, RequestTooLargeError } from '../errors.js'
import type { after as timer } from '../timers.js'
import { mediaType, readText } from './body.js'
import { BodyError, type BodyFault } from './body-error.js'
import { parsePairs } from './form.js'
import type { HttpRequest } from './handler.js'
import { DuplicateMemberError, JsonLimitError, parseJson } from './json.js'
import { findParsed } from './parsed-body.js'

/** Parameters whose name in another case, or with brackets or dots behind it, is a mistake that must not pass unseen. */
const KNOWN: ReadonlySet<string> = new Set([
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'audience',
  'resource',
  'scope',
  'code',
  'redirect_uri',
  'code_verifier',
  'refresh_token',
  'token',
  'token_type_hint',
  'access_token',
])

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

/**
 * Reads the parameters of a token request, from a form or from JSON. A parameter with an empty value is as if it were
 * not there (RFC 6749 §3.2).
 *
 * @param limit bytes the body may have
 * @param after for the body's deadline. Default: a timer that keeps no process alive
 * @throws InvalidRequestError neither form nor JSON; cannot be parsed; not an object; a parameter repeated, not a string,
 * or misspelt as `scope[0]` or `Scope`
 * @throws RequestTooLargeError, RequestTimeoutError
 */
export async function parseParameters(
  req: HttpRequest,
  { limit, after }: { limit: number; after?: typeof timer },
): Promise<Map<string, string>> {
  const type = mediaType(req)
  if (type !== FORM && type !== JSON_TYPE) {
    req.resume()
    throw invalid('The body must be a form or JSON.', 'content_type')
  }
  let text: string
  try {
    const parsed = findParsed(req, limit)
    if (parsed !== undefined && 'value' in parsed) return readMembers(parsed.value)
    text = parsed?.text ?? (await readText(req, limit, after))
  } catch (error) {
    throw unreadable(error)
  }
  return type === FORM ? readForm(text) : readJson(text)
}

function invalid(description: string, detail: TokenEndpointDetail): InvalidRequestError {
  return new InvalidRequestError(description, { detail })
}

const DETAILS: Readonly<Record<BodyFault, TokenEndpointDetail>> = {
  'too-large': 'body_too_large',
  encoded: 'body_encoded',
  aborted: 'body_aborted',
  late: 'body_late',
  'not-utf8': 'body_not_utf8',
  consumed: 'body_consumed',
  incomplete: 'body_incomplete',
}

/** Faults that a host has to know of to mend them. */
const LOST: Partial<Record<BodyFault, string>> = {
  consumed: 'was read by something before',
  incomplete: 'is not as long as its Content-Length',
}

/** What reading a body has thrown, in OAuth’s words. */
export function unreadable(error: unknown): unknown {
  if (!(error instanceof BodyError)) return error
  const { fault } = error
  if (fault === 'too-large') {
    return new RequestTooLargeError('The body is too large.', {
      detail: DETAILS[fault],
      headers: { Connection: 'close' },
    })
  }
  if (fault === 'late') {
    return new RequestTimeoutError('The body did not arrive in time.', {
      detail: DETAILS[fault],
      headers: { Connection: 'close' },
    })
  }
  return invalid(`The body ${LOST[fault] ?? 'cannot be read'}.`, DETAILS[fault])
}

function readForm(text: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const { name, value } of parsePairs(text)) {
    if (name === undefined || value === undefined) throw invalid('The body cannot be parsed.', 'body_percent_encoding')
    add(parameters, name, value)
  }
  return withoutEmpty(parameters)
}

function readJson(text: string): Map<string, string> {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw repeated()
    throw invalid('The body cannot be parsed.', 'body_not_json')
  }
  return readMembers(value)
}

function readMembers(value: unknown): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('The body must be an object.', 'body_not_an_object')
  }
  const parameters = new Map<string, string>()
  for (const [name, member] of Object.entries(value)) add(parameters, name, member)
  return withoutEmpty(parameters)
}

function add(parameters: Map<string, string>, name: string, value: unknown): void {
  if (isMisspelt(name)) throw invalid('A parameter name is misspelt.', 'misspelt_parameter')
  if (typeof value !== 'string') throw invalid('A parameter is not a string.', 'parameter_not_text')
  if (parameters.has(name)) throw repeated()
  parameters.set(name, value)
}

function withoutEmpty(parameters: Map<string, string>): Map<string, string> {
  for (const [name, value] of parameters) if (value === '') parameters.delete(name)
  return parameters
}

function isMisspelt(name: string): boolean {
  if (KNOWN.has(name)) return false
  const [stem = ''] = name.split(/[[.]/, 1)
  return KNOWN.has(stem.trim().toLowerCase())
}

function repeated(): InvalidRequestError {
  return invalid('A parameter is repeated.', 'repeated_parameter')
}

/** Bytes a body of the management API may have: the largest legal API fits. */
export const MANAGEMENT_BODY_LIMIT = 4 * 1024 * 1024

/**
 * Reads the JSON object that a management request carries.
 *
 * @throws ManagementError `unsupported_media_type`, `payload_too_large`, `validation_error` (not JSON, not an object,
 * a member named twice, more levels or members than anything legal has; not all of it has come here), `request_timeout`
 * @param after for the body's deadline. Default: a timer that keeps no process alive
 */
export async function readManagementBody(req: HttpRequest, after?: typeof timer): Promise<object> {
  if (mediaType(req) !== JSON_TYPE) {
    req.resume()
    throw new ManagementError('unsupported_media_type', 'The body must be application/json.')
  }
  const value = await readManagementValue(req, after)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidBody('must be a JSON object')
  }
  return value
}

async function readManagementValue(req: HttpRequest, after: typeof timer | undefined): Promise<unknown> {
  let text: string
  try {
    const parsed = findParsed(req, MANAGEMENT_BODY_LIMIT)
    if (parsed !== undefined && 'value' in parsed) return parsed.value
    text = parsed?.text ?? (await readText(req, MANAGEMENT_BODY_LIMIT, after))
  } catch (error) {
    throw unreadableByManagement(error)
  }
  return parseManagementBody(text)
}

function unreadableByManagement(error: unknown): unknown {
  if (!(error instanceof BodyError)) return error
  const { fault } = error
  if (fault === 'encoded') {
    return new ManagementError('unsupported_media_type', 'The body must not be compressed.')
  }
  if (fault === 'late') {
    return new ManagementError('request_timeout', 'The body did not arrive in time.', {
      headers: { Connection: 'close' },
    })
  }
  if (fault !== 'too-large') return invalidBody(LOST[fault] ?? 'must be JSON in UTF-8')
  return new ManagementError('payload_too_large', 'The body must not be larger than 4 MB.', {
    headers: { Connection: 'close' },
  })
}

function parseManagementBody(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw invalidBody('names a member twice')
    throw invalidBody(error instanceof JsonLimitError ? `must be smaller: ${error.message}` : 'must be JSON')
  }
}

function invalidBody(message: string): ManagementError {
  return new ManagementError('validation_error', `The body ${message}.`, {
    details: { fields: [], issues: [{ path: '', message }] },
  })
}
