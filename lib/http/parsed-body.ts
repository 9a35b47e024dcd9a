import { BodyError, decodeUtf8, REPLACED } from './body-error.js'
import type { HttpRequest } from './handler.js'
import { findIntake, fitsLength } from './intake.js'

/** What parsers of the host application put on a request. */
interface ParsedRequest extends HttpRequest {
  /** The body as it came: a common use of a parser's `verify` hook. */
  rawBody?: unknown
  /** Set by the parsers of Express 4 where they have read the body. */
  _body?: unknown
}

/** A body that was read before it came here: as it came, where that was kept, else as it was parsed. */
export type ParsedBody = { text: string } | { value: unknown }

/**
 * What a parser of the host application has left of the body, if one has read it. The raw body counts where it is at hand
 * (`rawBody`, or `body` as `express.raw` or `express.text` leaves it): of a JSON member that is named twice a parser shows the
 * last alone.
 *
 * @param limit bytes a raw body may have
 * @throws BodyError the raw body is too large, not UTF-8, or incomplete; or `body` is the empty object that some parsers
 * leave for what they did not read
 */
export function findParsed(req: ParsedRequest, limit: number): ParsedBody | undefined {
  if (req.readable || !req.readableEnded || findIntake(req) !== undefined) return undefined
  const { rawBody, body } = req
  const raw = [rawBody, body].find(isRaw)
  if (raw !== undefined) return { text: readRaw(req, raw, limit) }
  if (body === undefined) return undefined
  if (isEmpty(body) && req._body !== true && !isShort(req)) throw new BodyError('consumed')
  return { value: body }
}

function isRaw(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array
}

function readRaw(req: HttpRequest, raw: string | Uint8Array, limit: number): string {
  if (typeof raw === 'string' && raw.includes(REPLACED)) throw new BodyError('not-utf8')
  const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw
  if (bytes.length > limit) throw new BodyError('too-large')
  // What was decompressed is longer.
  if (req.headers['content-encoding'] === undefined && !fitsLength(req, bytes.length)) throw new BodyError('incomplete')
  return decodeUtf8(bytes)
}

function isEmpty(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.keys(body).length === 0
}

/** Is the body too short for anything but an empty object? The shortest member is `{"":0}`. */
function isShort({ headers }: HttpRequest): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) < 6
}
