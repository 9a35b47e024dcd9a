import { BodyError, type BodyFault, REPLACED } from './body-error.js'
import type { HttpRequest } from './handler.js'
import { after as timer } from '../timers.js'
import { giveUp } from './unread-body.js'

/** How long a body may take from when it is asked for, in milliseconds. */
const DEADLINE = 10_000

const known = new WeakMap<HttpRequest, Intake>()

/**
 * Begins to take in the body of a request that somebody else may be listening to: what comes from now on is kept until it
 * is asked for. To be called before anything is waited for. Where a part of the body has gone already, nothing is begun.
 *
 * @param limit bytes that are kept
 */
export function takeIn(req: HttpRequest, limit: number): void {
  if (!req.readableDidRead && !known.has(req)) known.set(req, new Intake(req, limit))
}

/** What was begun to be taken in of the request, if anything. */
export function findIntake(req: HttpRequest): Intake | undefined {
  return known.get(req)
}

/** Forgets what was taken in: the request is somebody else's. */
export function letGo(req: HttpRequest): void {
  known.get(req)?.stop()
  known.delete(req)
}

/** Encodings from which the bytes can be had again. The others drop what they do not know. */
const LOSSLESS: ReadonlySet<string> = new Set<BufferEncoding>(['utf8', 'latin1', 'hex', 'base64', 'base64url'])

/** Keeps what a request brings, beside whoever else listens to it. */
export class Intake {
  readonly #req: HttpRequest
  readonly #limit: number
  readonly #chunks: Buffer[] = []
  #length = 0
  #fault: BodyFault | undefined
  #settle: () => void = () => {}

  constructor(req: HttpRequest, limit: number) {
    this.#req = req
    this.#limit = limit
    req.on('data', this.#add)
  }

  readonly #add = (chunk: Buffer | string): void => {
    const bytes = typeof chunk === 'string' ? this.#encode(chunk) : chunk
    this.#length += bytes.length
    if (this.#length > this.#limit) this.#fault ??= 'too-large'
    if (this.#fault === undefined) return void this.#chunks.push(bytes)
    this.stop()
    this.#settle()
  }

  /** A host may have set an encoding. */
  #encode(text: string): Buffer {
    const encoding = this.#req.readableEncoding ?? 'utf8'
    if (!LOSSLESS.has(encoding)) this.#fault ??= 'consumed'
    if (encoding === 'utf8' && text.includes(REPLACED)) this.#fault ??= 'not-utf8'
    return Buffer.from(text, encoding)
  }

  /** Keeps nothing any more, of what came neither. */
  stop(): void {
    this.#req.off('data', this.#add)
    this.#chunks.length = 0
  }

  /**
   * The whole body, once it has come. What has not come after 10 seconds is given up: the connection ends with the answer.
   * @param after calls back after these milliseconds. @returns calls it off
   * @throws BodyError
   */
  whole(after = timer): Promise<Buffer> {
    const req = this.#req
    return new Promise((resolve, reject) => {
      let callOff = (): void => {}
      this.#settle = () => {
        callOff()
        const fault = this.#fault ?? this.#faultAtEnd()
        if (fault === undefined) resolve(Buffer.concat(this.#chunks))
        else reject(new BodyError(fault))
      }
      if (this.#fault !== undefined || !req.readable) return this.#settle()
      callOff = after(DEADLINE, () => {
        this.#fault = 'late'
        this.stop()
        giveUp(req)
        this.#settle()
      })
      // A request of a socket closes where it breaks off; one that a test has injected may come to its end alone.
      req.on('end', this.#settle)
      req.on('close', this.#settle)
      // Who made it pause has handed it on since.
      req.resume()
    })
  }

  #faultAtEnd(): BodyFault | undefined {
    if (!this.#req.readableEnded) return 'aborted'
    return fitsLength(this.#req, this.#length) ? undefined : 'incomplete'
  }
}

/** Are these as many bytes as the client said it sends, if it did? */
export function fitsLength({ headers }: HttpRequest, length: number): boolean {
  return headers['content-length'] === undefined || Number(headers['content-length']) === length
}
