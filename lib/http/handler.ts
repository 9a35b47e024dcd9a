import type { IncomingMessage, ServerResponse } from 'node:http'

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
 * Makes a handler of an async function: exactly one answer, whatever throws. A rejection goes to `next`,
 * which Express 4 would not do on its own.
 */
export function asyncHandler(
  handle: (req: HttpRequest, res: HttpResponse, next: Next) => Promise<void> | void,
): Handler {
  const handler: Handler = (req, res, next) => {
    try {
      const running = handle(req, res, next)
      if (running !== undefined) running.catch(next)
    } catch (error) {
      next(error)
    }
  }
  Object.defineProperty(handler, 'name', { value: handle.name })
  return handler
}
