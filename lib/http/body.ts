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
  return req.body !== undefined && req.readableEnded
}

/**
 * The body as text, strict UTF-8, at most `limit` bytes. What comes after the limit is read and dropped, so that the
 * client gets its answer.
 *
 * @throws BodyError too large, compressed, not UTF-8, or the client went away
 */
export async function readText(req: HttpRequest, limit: number): Promise<string> {
  const encoding = req.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== '') throw refuse(req, 'encoded')
  if (Number(req.headers['content-length'] ?? 0) > limit) throw refuse(req, 'too-large')
  const bytes = await readBytes(req, limit)
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

function readBytes(req: HttpRequest, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (req.destroyed && !req.readableEnded) return reject(new BodyError('aborted'))
    if (req.readableEnded) return resolve(Buffer.alloc(0))
    const chunks: Buffer[] = []
    let length = 0
    req.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limit) chunks.push(chunk)
      else reject(new BodyError('too-large'))
    })
    req.once('end', () => resolve(Buffer.concat(chunks)))
    req.once('error', () => reject(new BodyError('aborted')))
    // Every request closes in the end: an error, with its stack, is made only for one that breaks off.
    req.once('close', () => {
      if (!req.readableEnded) reject(new BodyError('aborted'))
    })
  })
}
