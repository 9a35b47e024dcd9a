import type { IncomingMessage, ServerResponse } from 'node:http'
import { types } from 'node:util'
import { own } from '../outcome.js'

/**
 * The shape of Express's requests, as far as scopegate needs it: Node's message, and what a router or a body parser
 * of the host may have put on it. Structural, so that neither Express nor its types are needed to compile.
 */
export interface HttpRequest extends IncomingMessage {
  /** Set by a body parser of the host application, if one ran. */
  body?: unknown
  /** The URL before any router stripped its mount path. */
  originalUrl?: string
  baseUrl?: string
}

export type HttpResponse = ServerResponse

export type Next = (error?: unknown) => void

/** A middleware or handler that Express 4 and 5 (and connect) accept. */
export type Handler = (req: HttpRequest, res: HttpResponse, next: Next) => void

/**
 * What was thrown, as something that `next` takes for an error: an error as it is, everything else as the `cause` of one.
 * To Express `next(undefined)`, `next(null)`, `next(0)` mean that all is well, and `next('route')`, `next('router')` that
 * the rest is to be skipped; and any of them can be thrown.
 */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error('something that is no error was thrown', { cause: thrown })
}

function isError(thrown: unknown): thrown is Error {
  try {
    // The former also knows those of another realm, the latter those that are made by hand.
    return types.isNativeError(thrown) || thrown instanceof Error
  } catch {
    return false
  }
}

/**
 * Calls a handler: what it throws, or rejects with, goes to `next` as an error, whatever it is. Express 4 would do nothing
 * with a rejection.
 */
export function runHandler<Req, Res>(
  handle: (req: Req, res: Res, next: Next) => unknown,
  req: Req,
  res: Res,
  next: Next,
): void {
  const fail = (thrown: unknown): void => next(asError(thrown))
  let outcome: unknown
  try {
    outcome = handle(req, res, next)
  } catch (thrown) {
    return fail(thrown)
  }
  own(outcome, fail)
}
