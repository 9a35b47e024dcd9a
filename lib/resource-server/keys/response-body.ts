/** The pieces of a body, as they come. */
export interface BodyReader {
  /** The next piece; undefined at the end. */
  read(): Promise<Uint8Array | undefined>
  /** Gives the rest up. What becomes of it concerns nobody. */
  discard(): void
}

/** What a body has that is a stream of Node's, such as the `fetch` of the package node-fetch gives. */
interface NodeBody extends AsyncIterable<unknown> {
  on?(event: 'error', listener: () => void): unknown
  destroy?(): unknown
}

/** Opens the body of an answer, be it a web stream or one of Node's. Undefined where it is neither. */
export function openBody(body: unknown): BodyReader | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if ('getReader' in body && typeof body.getReader === 'function') return openWebStream(body as ReadableStream)
  return Symbol.asyncIterator in body ? openNodeStream(body as NodeBody) : undefined
}

/**
 * The whole of a body; empty where there is none.
 *
 * @param signal gives the rest up once it is aborted
 * @param limit bytes, at most
 * @param tooLarge makes the error where there are more
 */
export async function readBounded(
  stream: unknown,
  { signal, limit, tooLarge }: { signal: AbortSignal; limit: number; tooLarge: () => Error },
): Promise<Uint8Array<ArrayBuffer>> {
  const body = openBody(stream)
  if (body === undefined) return new Uint8Array()
  if (signal.aborted) body.discard()
  else signal.addEventListener('abort', body.discard)
  const chunks: Uint8Array[] = []
  let length = 0
  for (let chunk = await body.read(); chunk !== undefined; chunk = await body.read()) {
    length += chunk.length
    if (length > limit) {
      body.discard()
      throw tooLarge()
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function openWebStream(body: ReadableStream<unknown>): BodyReader {
  const reader = body.getReader()
  return {
    async read() {
      const { done, value } = await reader.read()
      return done ? undefined : bytesOf(value)
    },
    discard() {
      reader.cancel().catch(() => undefined)
    },
  }
}

function openNodeStream(body: NodeBody): BodyReader {
  // An error that nobody listens to ends the process, and node-fetch emits one when the request is aborted.
  body.on?.('error', () => undefined)
  const chunks = body[Symbol.asyncIterator]()
  return {
    async read() {
      const { done, value } = await chunks.next()
      return done === true ? undefined : bytesOf(value)
    },
    discard() {
      body.destroy?.()
    },
  }
}

/** Whichever realm it comes from: a test runner may have its own `Uint8Array`. */
function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk)
  if (!ArrayBuffer.isView(chunk)) throw new TypeError('a body is read as bytes')
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
