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

/**
 * Asks little of the request, and listens for little: Express gives each request a prototype of its own, after which all
 * of that is slow. A request closes as soon as it was read to its end, or breaks off.
 */
function readBytes(req: HttpRequest, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      if (req.readableEnded) resolve(Buffer.concat(chunks))
      else reject(new BodyError('aborted'))
    }
    const chunks: Buffer[] = []
    let length = 0
    if (!req.readable) return settle()
    // Everything there is at once, which costs half of what `data` does.
    req.on('readable', () => {
      const chunk: Buffer | string | null = req.read()
      if (chunk === null) return
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, req.readableEncoding ?? 'utf8') : chunk
      length += bytes.length
      if (length <= limit) chunks.push(bytes)
      else reject(new BodyError('too-large'))
    })
    req.on('close', settle)
  })
}
