import type { IncomingMessage, RequestListener } from 'node:http'
import { ManagementError, TemporarilyUnavailableError } from '../../errors.js'
import { managementErrorHandler, oauthErrorHandler } from '../../http/error-handler.js'
import { takeOver } from '../../http/unread-body.js'

type Answer = Parameters<RequestListener>[1]

/** Where requests wait that come while the service starts. */
export interface WaitingRoom {
  /** Takes a request: to the application once that is there, into the room before. */
  enter: RequestListener
  /** Hands on every waiting request, and each that comes from now on. */
  open(app: RequestListener): void
  /** There will be no application: who waits or comes is answered with 503. */
  close(): void
}

interface Guest {
  req: IncomingMessage
  timer: NodeJS.Timeout
}

/**
 * Makes an empty room.
 * @param limit how many wait at most; who comes then is answered with 503. Default 1 000
 * @param timeout how long one waits at most before it is answered with 503, in milliseconds. Default 10 000
 */
export function createWaitingRoom({ limit = 1_000, timeout = 10_000 } = {}): WaitingRoom {
  const guests = new Map<Answer, Guest>()
  let handle: RequestListener = wait

  function wait(req: IncomingMessage, res: Answer): void {
    if (guests.size >= limit) return refuse(req, res)
    const timer = setTimeout(() => {
      guests.delete(res)
      refuse(req, res)
    }, timeout)
    guests.set(res, { req, timer })
    res.once('close', () => leave(res))
  }

  function leave(res: Answer): void {
    clearTimeout(guests.get(res)?.timer)
    guests.delete(res)
  }

  function handOn(next: RequestListener): void {
    handle = next
    for (const [res, { req }] of guests) {
      leave(res)
      next(req, res)
    }
  }

  return {
    enter: (req, res) => handle(req, res),
    open: handOn,
    close: () => handOn(refuse),
  }
}

/** In the words of the endpoint that was asked. The connection ends: nothing of a body was read. */
function refuse(req: IncomingMessage, res: Answer): void {
  const headers = { 'Retry-After': '5', Connection: 'close' }
  takeOver(req, res)
  const [path = ''] = (req.url ?? '').split('?', 1)
  const done = (): void => undefined
  if (path.endsWith('/oauth/token')) {
    oauthErrorHandler(new TemporarilyUnavailableError('The service cannot answer now.', { headers }), req, res, done)
  } else {
    managementErrorHandler(
      new ManagementError('unavailable', 'The service cannot answer now.', { headers }),
      req,
      res,
      done,
    )
  }
}
