import { after } from '../timers.js'
import type { HttpRequest, HttpResponse } from './handler.js'

/** How much of a body is dropped once its request has been answered. What comes after that is cut off. */
export interface DropBounds {
  /** Default 64 MiB. */
  bytes: number
  /** Milliseconds, whether anything comes or not. Default 30 000. */
  time: number
  /** Calls back after these milliseconds. @returns calls it off. Default: a timer that keeps no process alive */
  after(milliseconds: number, run: () => void): () => void
}

const BOUNDS: DropBounds = { bytes: 64 * 1024 * 1024, time: 30_000, after }

const ours = new WeakMap<HttpResponse, HttpRequest>()

/** Says that the request is ours to answer, and what is left of its body then, ours to drop. */
export function takeOver(req: HttpRequest, res: HttpResponse): void {
  if (hasBody(req)) ours.set(res, req)
}

const givenUp = new WeakSet<HttpRequest>()

/** Says that what is left of the body is not waited for: the connection is to end with the answer. */
export function giveUp(req: HttpRequest): void {
  givenUp.add(req)
}

/**
 * Ends an answer whose status and headers are set. Where the request is ours ({@link takeOver}) and not all of its body has
 * come, the answer is sent, and ended once the rest was dropped: a connection that is closed on bytes which nobody has read
 * is reset, and its client finds that instead of the answer (RFC 9112 §9.6). Nothing that is dropped is kept.
 *
 * @param text the answer's body, as long as its Content-Length says; undefined for none
 */
export function endAnswer(res: HttpResponse, text: string | undefined, bounds: DropBounds = BOUNDS): void {
  const req = ours.get(res)
  if (req === undefined || !isUnread(req)) return void res.end(text)
  if (givenUp.has(req)) {
    res.setHeader('Connection', 'close')
    return void res.end(text)
  }
  // Said beforehand where it is known (RFC 9110 §10.1.1, §15.5.14).
  if (lengthOf(req) > bounds.bytes) res.setHeader('Connection', 'close')
  if (text === undefined) res.flushHeaders()
  else res.write(text)
  dropBody(req, bounds, () => res.end())
}

/** @param done called once: all has come, the client has gone, or it was cut off */
function dropBody(req: HttpRequest, { bytes, time, after }: DropBounds, done: () => void): void {
  let dropped = 0
  // Nobody hears of an error: the answer is on its way.
  const cut = (): void => void req.destroy()
  const callOff = after(time, cut)
  const drop = (chunk: Buffer | string): void => {
    dropped += Buffer.byteLength(chunk)
    if (dropped > bytes) cut()
  }
  const finish = (): void => {
    callOff()
    for (const event of ['end', 'close']) req.off(event, finish)
    req.off('data', drop)
    done()
  }
  req.on('data', drop)
  // A request of a socket closes where it breaks off; one that a test has injected may come to its end alone.
  for (const event of ['end', 'close']) req.on(event, finish)
  // Who made it pause waits for nothing any more.
  req.resume()
}

function hasBody(req: HttpRequest): boolean {
  return req.headers['transfer-encoding'] !== undefined || lengthOf(req) > 0
}

function lengthOf({ headers }: HttpRequest): number {
  return Number(headers['content-length'] ?? 0)
}

function isUnread(req: HttpRequest): boolean {
  return !req.complete && !req.readableEnded && !req.destroyed
}
