import { invalidType, invalidValue } from '../errors.js'
import { announceChanges } from '../resource-server/keys/key-changes.js'
import { setTimeout } from '../timers.js'

const FAILURE_MODES = ['none', 'refuse', 'error', 'redirect', 'html', 'garbage', 'hang', 'drip', 'huge'] as const

/**
 * How an issuer's key set can be out of order.
 *
 * - `none`: it is well
 * - `refuse`: the connection is refused
 * - `error`: 500 with a JSON body
 * - `redirect`: 302 to another place
 * - `html`: 200 with HTML
 * - `garbage`: 200 with JSON that is no key set
 * - `hang`: no answer at all
 * - `drip`: headers at once, then the body byte by byte, one each 10 ms, without end
 * - `huge`: a body without end, a megabyte at a time
 */
export type FailureMode = (typeof FAILURE_MODES)[number]

/** A `fetch` that answers for one issuer from memory, and refuses every other address. */
export interface OfflineFetch {
  fetch: typeof fetch
  fail(mode: FailureMode): void
  delay(): () => void
  /** Tells those who use it that the keys have changed. */
  announceKeys(): void
  /** How often the key set was asked for. */
  count(): number
  /** From now on introspection says that the token is not active. */
  revoke(token: string): void
}

const MEGABYTE = new Uint8Array(1_000_000).fill(0x20)

export function createOfflineFetch(issuer: string, keys: () => readonly unknown[]): OfflineFetch {
  const { origin } = new URL(issuer)
  const jwksUri = `${issuer}/.well-known/jwks.json`
  const introspectionUri = `${issuer}/oauth/introspect`
  let mode: FailureMode = 'none'
  const revoked = new Set<string>()
  let count = 0
  let gate: Promise<void> | undefined

  const offlineFetch: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (new URL(url).origin !== origin) throw new TypeError(`an unplanned request: ${url}`)
    if (url === introspectionUri) return introspect(init, revoked)
    if (!url.endsWith('/jwks.json')) {
      return json({ issuer, jwks_uri: jwksUri, introspection_endpoint: introspectionUri })
    }
    count++
    await gate
    return mode === 'none' ? json({ keys: keys() }) : failWith(mode, init?.signal ?? undefined)
  }

  const announceKeys = announceChanges(offlineFetch)

  return {
    fetch: offlineFetch,
    announceKeys,
    fail(next) {
      if (typeof next !== 'string') throw invalidType('fail(mode): mode must be a string')
      if (!FAILURE_MODES.includes(next)) {
        throw invalidValue(`fail(mode): mode must be one of ${FAILURE_MODES.join(', ')}`)
      }
      mode = next
      if (mode === 'none') announceKeys()
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
    revoke: token => void revoked.add(token),
  }
}

/** Any client may ask (RFC 7662 §2.1), with a form. */
function introspect(init: RequestInit | undefined, revoked: ReadonlySet<string>): Response {
  const { method, body, headers } = init ?? {}
  if (method !== 'POST' || typeof body !== 'string') return json({ error: 'invalid_request' }, 400)
  if (!new Headers(headers).has('authorization')) return json({ error: 'invalid_client' }, 401)
  return json({ active: !revoked.has(new URLSearchParams(body).get('token') ?? '') })
}

async function drip(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 10).unref())
  controller.enqueue(new Uint8Array([0x20]))
}

function json(body: unknown, status = 200): Response {
  return answer(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
}

/** Its body is a stream: that of a text never ends where a test has faked `queueMicrotask`. */
function answer(text: string, init: ResponseInit): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text))
      controller.close()
    },
  })
  return new Response(body, init)
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
      return answer('<!doctype html><title>Maintenance</title>', { headers: { 'Content-Type': 'text/html' } })
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
