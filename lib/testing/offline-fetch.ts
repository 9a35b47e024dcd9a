/** How an issuer's key set can be out of order. */
export type FailureMode =
  /** It is well. */
  | 'none'
  /** The connection is refused. */
  | 'refuse'
  /** 500 with a JSON body. */
  | 'error'
  /** 302 to another place. */
  | 'redirect'
  /** 200 with HTML. */
  | 'html'
  /** 200 with JSON that is no key set. */
  | 'garbage'
  /** No answer at all. */
  | 'hang'
  /** Headers at once, then the body byte by byte, one each 10 ms, without end. */
  | 'drip'
  /** A body of 60 MB. */
  | 'huge'

/** A `fetch` that answers for one issuer from memory, and refuses every other address. */
export interface OfflineFetch {
  fetch: typeof fetch
  fail(mode: FailureMode): void
  delay(): () => void
  /** How often the key set was asked for. */
  count(): number
}

const MEGABYTE = new Uint8Array(1_000_000).fill(0x20)

export function createOfflineFetch(issuer: string, keys: () => readonly unknown[]): OfflineFetch {
  const jwksUri = `${issuer}/.well-known/jwks.json`
  let mode: FailureMode = 'none'
  let count = 0
  let gate: Promise<void> | undefined

  const offlineFetch: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (!url.startsWith(new URL(issuer).origin)) throw new TypeError(`an unplanned request: ${url}`)
    if (!url.endsWith('/jwks.json')) return json({ issuer, jwks_uri: jwksUri })
    count++
    await gate
    return mode === 'none' ? json({ keys: keys() }) : failWith(mode, init?.signal ?? undefined)
  }

  return {
    fetch: offlineFetch,
    fail(next) {
      mode = next
    },
    delay() {
      let open = (): void => undefined
      gate = new Promise(resolve => {
        open = resolve
      })
      return () => {
        gate = undefined
        open()
      }
    },
    count: () => count,
  }
}

async function drip(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 10).unref())
  controller.enqueue(new Uint8Array([0x20]))
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
}

function failWith(mode: Exclude<FailureMode, 'none'>, signal: AbortSignal | undefined): Promise<Response> | Response {
  switch (mode) {
    case 'refuse':
      throw new TypeError('fetch failed')
    case 'error':
      return json({ keys: [] }, 500)
    case 'redirect':
      return new Response(null, { status: 302, headers: { Location: 'https://elsewhere.test/jwks.json' } })
    case 'html':
      return new Response('<!doctype html><title>Maintenance</title>', { headers: { 'Content-Type': 'text/html' } })
    case 'garbage':
      return json({ keys: 'none' })
    case 'hang':
      return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    case 'drip':
      return new Response(new ReadableStream({ pull: drip }))
    case 'huge':
      return new Response(new ReadableStream({ pull: controller => controller.enqueue(MEGABYTE) }))
  }
}
