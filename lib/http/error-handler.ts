import {
  ConflictError,
  type Headers,
  type ManagementCode,
  ManagementError,
  OAuthError,
  ServerError,
  StoreUnavailableError,
  TemporarilyUnavailableError,
} from '../errors.js'
import { asError, type HttpRequest, type HttpResponse, type Next } from './handler.js'
import { NOT_STORED, sendJson } from './respond.js'

/** Seconds after which a client may try again where the store did not answer. */
const RETRY_AFTER = { 'Retry-After': '5' }

type ErrorHandler = (error: unknown, req: HttpRequest, res: HttpResponse, next: Next) => void

/** Answers in OAuth's words (RFC 6749 §5.2). What is not a refusal of ours is `server_error`, and says nothing of itself. */
export const oauthErrorHandler: ErrorHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(asError(error))
  const refusal = toOAuthError(error)
  const headers = { ...NOT_STORED, ...refusal.headers }
  sendJson(res, refusal.status, { error: oauthCode(refusal), error_description: refusal.message }, headers)
}

/** Is the answer in OAuth's words a 5xx: a fault of ours, or of what we need? */
export const isOauthFault = (error: unknown): boolean => toOAuthError(error).status >= 500

/** The code of the answer in OAuth's words. */
export const oauthCode = (error: unknown): string => toOAuthError(error).error ?? 'unauthorized'

/** What is thrown, in OAuth’s words. */
function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (error instanceof StoreUnavailableError) {
    return new TemporarilyUnavailableError('The service cannot answer now.', { cause: error, headers: RETRY_AFTER })
  }
  return new ServerError('The request could not be served.', { cause: error })
}

/** Answers in the management API's words. What is not a refusal of ours is `internal_error`, and says nothing of itself. */
export const managementErrorHandler: ErrorHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(asError(error))
  const { status, errorCode, message, details, headers } = toManagementError(error)
  const body = { status, error_code: errorCode, message, details }
  sendJson(res, status, body, { 'Cache-Control': 'no-store', ...headers })
}

/** Is the answer in the management API's words a 5xx: a fault of ours, or of what we need? */
export const isManagementFault = (error: unknown): boolean => toManagementError(error).status >= 500

/** What is thrown, in the management API's words. */
export function toManagementError(error: unknown): ManagementError {
  if (error instanceof ManagementError) return error
  if (error instanceof OAuthError) return fromOAuthError(error)
  if (error instanceof ConflictError) {
    const fields = [...error.fields]
    return new ManagementError('already_exists', `Already taken: ${fields.join(', ')}.`, { details: { fields } })
  }
  if (error instanceof StoreUnavailableError) {
    return new ManagementError('unavailable', 'The service cannot answer now.', { headers: RETRY_AFTER })
  }
  return fromHost(error) ?? new ManagementError('internal_error', 'The request could not be served.')
}

/** By status: what a guard refuses with. */
const OF_STATUS: Readonly<Record<number, ManagementCode>> = {
  400: 'validation_error',
  401: 'unauthorized',
  403: 'insufficient_scope',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  503: 'unavailable',
}

function fromOAuthError(error: OAuthError): ManagementError {
  const headers: Headers = error.headers
  return new ManagementError(OF_STATUS[error.status] ?? 'internal_error', error.message, { headers })
}

/** What the host's own body parser refuses with (http-errors' convention: `status` and `expose`). */
function fromHost(error: unknown): ManagementError | null {
  if (typeof error !== 'object' || error === null || !('status' in error) || !('expose' in error)) return null
  if (error.status === 413) return new ManagementError('payload_too_large', 'The body is too large.')
  if (error.status === 415) return new ManagementError('unsupported_media_type', 'The body cannot be decoded.')
  return error.status === 400 ? new ManagementError('validation_error', 'The body cannot be parsed.') : null
}
