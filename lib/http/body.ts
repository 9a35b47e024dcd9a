import type { HttpRequest } from './handler.js'

/** Why a body cannot be read. */
export type BodyFault = 'too-large' | 'encoded' | 'aborted' | 'not-utf8'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** A body that cannot be read; whoever reads it turns this into an answer in its own words. */
export class BodyError extends Error {
  readonly fault: BodyFault
  constructor(fault: BodyFault) {
    super(`the body is ${fault}`)
    this.name = 'BodyError'
    this.fault = fault
  }
}

/** The media type without parameters, in lower case; empty where none is given. */
export function mediaType(req: HttpRequest): string {
  return (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Was the body read by a parser of the host application before it came here? */
export function isParsed(req: HttpRequest): boolean {
  return !req.readable && req.readableEnded && req.body !== undefined
}

/**
 * The body as text, strict UTF-8, at most `limit` bytes. What comes after the limit is read and dropped, so that the
 * client gets its answer.
 *
 * @throws BodyError too large, compressed, not UTF-8, or the client went away
 */
export async function readText(req: HttpRequest, limit: number): Promise<string> {
  const { headers } = req
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== '') throw refuse(req, 'encoded')
  const length = Number(headers['content-length'] ?? 0)
  if (length > limit) throw refuse(req, 'too-large')
  // What came in one piece with the headers is there as soon as the parser goes on.
  await undefined
  const bytes = takeWhole(req, length) ?? (await readBytes(req, limit))
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new BodyError('not-utf8')
  }
}

function refuse(req: HttpRequest, fault: BodyFault): BodyError {
  req.resume()
  return new BodyError(fault)
}

/** The body, where all of it is there: that asks little of the request, each of whose members is slow under Express. */
function takeWhole(req: HttpRequest, length: number): Buffer | undefined {
  if (length === 0 || req.readableLength !== length) return undefined
  const body: Buffer | string | null = req.read()
  // Only what flows comes to its end, and closes.
  req.resume()
  return body === null ? undefined : toBytes(req, body)
}

function readBytes(req: HttpRequest, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    // A request closes as soon as it was read to its end, or breaks off.
    const settle = (): void => {
      if (req.readableEnded) resolve(Buffer.concat(chunks))
      else reject(new BodyError('aborted'))
    }
    if (!req.readable) return settle()
    req.on('data', (chunk: Buffer | string) => {
      const bytes = toBytes(req, chunk)
      length += bytes.length
      if (length <= limit) chunks.push(bytes)
      else reject(new BodyError('too-large'))
    })
    req.on('close', settle)
  })
}

/** A host may have set an encoding. */
function toBytes(req: HttpRequest, chunk: Buffer | string): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, req.readableEncoding ?? 'utf8') : chunk
}
