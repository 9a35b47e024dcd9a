import { BodyError, type BodyFault, decodeUtf8 } from './body-error.js'
import type { HttpRequest } from './handler.js'
import type { after as timer } from '../timers.js'
import { findIntake, Intake } from './intake.js'

/** The media type without parameters, in lower case; empty where none is given. */
export function mediaType(req: HttpRequest): string {
  return (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/**
 * The body as text, strict UTF-8, at most `limit` bytes: the whole of it, or an error. What comes after the limit is read
 * and dropped, so that the client gets its answer.
 *
 * @param after for its deadline. Default: a timer that keeps no process alive
 * @throws BodyError too large, compressed, not UTF-8, read by something before, not as long as its Content-Length, not there
 * after 10 seconds, or the client went away
 */
export async function readText(req: HttpRequest, limit: number, after?: typeof timer): Promise<string> {
  const { headers } = req
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== '') throw refuse(req, 'encoded')
  const length = Number(headers['content-length'] ?? 0)
  if (length > limit) throw refuse(req, 'too-large')
  // What came in one piece with the headers is there as soon as the parser goes on.
  await undefined
  return decodeUtf8(takeWhole(req, length) ?? (await readBytes(req, limit, after)))
}

function refuse(req: HttpRequest, fault: BodyFault): BodyError {
  req.resume()
  return new BodyError(fault)
}

/** The body, where all of it is there: that asks little of the request, each of whose members is slow under Express. */
function takeWhole(req: HttpRequest, length: number): Buffer | undefined {
  // Where a host has set an encoding, characters are counted.
  if (length === 0 || req.readableLength !== length || req.readableEncoding !== null) return undefined
  const body: Buffer | null = req.read()
  // Only what flows comes to its end, and closes.
  req.resume()
  return body ?? undefined
}

function readBytes(req: HttpRequest, limit: number, after: typeof timer | undefined): Promise<Buffer> {
  const intake = findIntake(req)
  if (intake !== undefined) return intake.whole(after)
  if (req.readableDidRead) throw refuse(req, 'consumed')
  return new Intake(req, limit).whole(after)
}
