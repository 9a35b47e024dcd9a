import { emit } from '../../emit.js'
import { type Headers, OAuthError, StoreUnavailableError } from '../../errors.js'
import { exposeHeaders } from '../../http/expose-headers.js'
import { asError, type HttpRequest, type HttpResponse, type Next } from '../../http/handler.js'
import { sendJson } from '../../http/respond.js'
import { challengesOf } from './challenges.js'
import type { GuardEvent } from './guard-events.js'
import type { GuardOptions } from './guard-options.js'
import { unanswered } from '../contract/refuse.js'

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
 * app's own handler. What is no refusal of ours is a fault of the host's code, and goes to its error handler: always as an
 * error, for anything else could let the request pass.
 */
export function refuseRequest(thrown: unknown, call: GuardCall, options: GuardOptions): void {
  let left: Error | undefined
  try {
    left = answer(asError(thrown), call, options)
  } catch (fault) {
    left = asError(fault)
  }
  if (left !== undefined) call.next(left)
}

/** @returns what the app's error handler is to answer */
function answer(error: Error, call: GuardCall, options: GuardOptions): Error | undefined {
  const { req, res, scopes } = call
  const refusal = error instanceof StoreUnavailableError ? unanswered('store_unavailable', error) : error
  if (!(refusal instanceof OAuthError)) return refusal
  const challenge = challengesOf(refusal, req, scopes, options)
  if (challenge !== undefined) refusal.headers = { ...refusal.headers, 'WWW-Authenticate': challenge }
  report(refusal, call, options)
  if (res.writableEnded) return undefined
  // An answer that somebody began and nobody will end: the app's error handler closes it.
  if (res.headersSent) return refusal
  setHeaders(res, refusal.headers)
  res.setHeader('Cache-Control', 'no-store')
  if (options.errors === 'next') return refusal
  sendJson(res, refusal.status, { error: refusal.error ?? 'unauthorized', error_description: refusal.message })
  return undefined
}

/** Set on the response itself, so that they are there whatever the app's error handler does; challenges beside others. */
function setHeaders(res: HttpResponse, headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'WWW-Authenticate') res.appendHeader(name, value)
    else res.setHeader(name, value)
  }
  exposeHeaders(res, Object.keys(headers))
}

function report(refusal: OAuthError, call: GuardCall, { onEvent }: GuardOptions): void {
  if (onEvent === undefined) return
  emit<GuardEvent>(onEvent, {
    type: 'refused',
    code: refusal.code as GuardEvent['code'],
    status: refusal.status,
    error: refusal.error ?? 'unauthorized',
    ...(refusal.detail !== undefined && { detail: refusal.detail }),
    ...refusal.refusedToken,
    ...(call.scopes.length > 0 && { scopes: call.scopes }),
    durationMs: performance.now() - call.startedAt,
  })
}
