import {
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
  OAuthError,
  StoreUnavailableError,
  TemporarilyUnavailableError,
  UnauthenticatedError,
} from '../errors.js'
import { formatChallenge } from '../http/challenge.js'
import type { HttpRequest, HttpResponse, Next } from '../http/handler.js'
import { sendJson } from '../http/respond.js'
import { formatScope } from '../scope.js'
import type { GuardEvent } from './guard-events.js'
import type { GuardOptions } from './guard-options.js'
import type { AuthInfo } from './types.js'

/** One request at one guard. */
export interface GuardCall {
  req: HttpRequest
  res: HttpResponse
  next: Next
  /** What the route demands, as far as it is known. */
  scopes: readonly string[]
  /** Milliseconds, of `performance.now()`. */
  startedAt: number
}

/**
 * Answers a refusal once: status, challenge and JSON body, or, with `errors: 'next'`, the headers and the error for the
 * app's own handler. What is no refusal of ours is a fault of the host's code, and goes to its error handler as it is.
 */
export function refuseRequest(error: unknown, call: GuardCall, options: GuardOptions, auth?: AuthInfo): void {
  const { res, next } = call
  const refusal = error instanceof StoreUnavailableError ? unavailable(error) : error
  if (!(refusal instanceof OAuthError)) return next(refusal)
  const challenge = challengeOf(refusal, call, options)
  if (challenge !== undefined) refusal.headers = { ...refusal.headers, 'WWW-Authenticate': challenge }
  report(refusal, call, options, auth)
  if (res.headersSent || res.writableEnded) return
  if (challenge !== undefined) exposeChallenge(res, challenge)
  if (options.errors === 'next') return next(refusal)
  const { 'WWW-Authenticate': _set, ...headers } = refusal.headers
  const body = { error: refusal.error ?? 'unauthorized', error_description: refusal.message }
  sendJson(res, refusal.status, body, { 'Cache-Control': 'no-store', ...headers })
}

function unavailable(cause: unknown): TemporarilyUnavailableError {
  return new TemporarilyUnavailableError('The access token cannot be checked now', { cause })
}

/** RFC 6750 §3: no error code where no credential came; the scope where it helps; nothing for an outage. */
function challengeOf(refusal: OAuthError, { scopes }: GuardCall, options: GuardOptions): string | undefined {
  const { realm, metadataUrl } = options
  const scope = scopes.length === 0 ? undefined : formatScope(scopes)
  const known = { scope, resource_metadata: metadataUrl }
  const named = { realm, error: refusal.error, error_description: refusal.message }
  if (refusal instanceof UnauthenticatedError) return formatChallenge('Bearer', { realm, ...known })
  if (refusal instanceof InvalidTokenError) return formatChallenge('Bearer', { ...named, ...known })
  if (refusal instanceof InsufficientScopeError) return formatChallenge('Bearer', { ...named, ...known })
  return refusal instanceof InvalidRequestError ? formatChallenge('Bearer', named) : undefined
}

/** Set on the response itself, so that it is there whatever the app's error handler does; beside what stands there. */
function exposeChallenge(res: HttpResponse, challenge: string): void {
  res.appendHeader('WWW-Authenticate', challenge)
  const exposed = [res.getHeader('Access-Control-Expose-Headers') ?? []].flat().join(', ')
  if (/(^|[\s,])(www-authenticate|\*)([\s,]|$)/i.test(exposed)) return
  const names = exposed === '' ? 'WWW-Authenticate' : `${exposed}, WWW-Authenticate`
  res.setHeader('Access-Control-Expose-Headers', names)
}

function report(refusal: OAuthError, call: GuardCall, { onEvent }: GuardOptions, auth?: AuthInfo): void {
  if (onEvent === undefined) return
  const { kid } = auth?.header ?? {}
  const event: GuardEvent = {
    type: 'refused',
    code: refusal.code as GuardEvent['code'],
    status: refusal.status,
    error: refusal.error ?? 'unauthorized',
    ...(refusal.detail !== undefined && { detail: refusal.detail }),
    ...(auth !== undefined && { issuer: auth.payload.iss }),
    ...(kid !== undefined && { kid }),
    ...(call.scopes.length > 0 && { scopes: call.scopes }),
    duration: performance.now() - call.startedAt,
  }
  try {
    onEvent(event)
  } catch {
    // A listener never changes an answer.
  }
}
