import type { Clock } from '../clock.js'
import { readBounded } from '../resource-server/keys/response-body.js'
import { isTrustedTransport } from '../resource-server/options/option-checks.js'
import { clearTimeout, setTimeout } from '../timers.js'
import { describeTransport, IssuerFault } from './issuer-fault.js'
import { parseRetryAfter } from './retry-after.js'

/** Bytes of an answer: metadata have a tenth of it. */
const MAX_BYTES = 262_144

/** For oauth4webapi: no redirects, bodies of bounded size, nothing in the clear but on loopback. @throws IssuerFault */
export type IssuerFetch = (url: string, init: object) => Promise<Response>

interface Network {
  fetch: typeof fetch | undefined
  clock: Clock
  /** Milliseconds. */
  timeout: number
}

/**
 * Runs one exchange under a total deadline, which covers connecting, headers and bodies of all its requests, also where a
 * custom `fetch` does not listen to its signal.
 *
 * @throws IssuerFault, or what the exchange throws
 */
export async function withIssuer<T>(network: Network, exchange: (send: IssuerFetch) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new IssuerFault('unavailable', 'timeout'))
      controller.abort()
    }, network.timeout)
    timer.unref()
  })
  try {
    return await Promise.race([exchange((url, init) => send(network, url, { ...init, signal })), deadline])
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}

async function send(
  { fetch = globalThis.fetch, clock }: Network,
  url: string,
  init: { signal: AbortSignal },
): Promise<Response> {
  if (!isTrustedTransport(new URL(url))) throw new IssuerFault('response', 'insecure_url')
  try {
    init.signal.throwIfAborted()
    const response = await fetch(url, { ...init, redirect: 'manual' })
    const text = await readBounded(response.body, {
      ...{ signal: init.signal, limit: MAX_BYTES },
      tooLarge: () => new IssuerFault('response', 'too_large'),
    })
    const { status } = response
    if (status === 429 || status >= 500) {
      const wait = parseRetryAfter(response.headers.get('retry-after'), clock.now())
      throw new IssuerFault('unavailable', `status_${status}`, { status, ...(wait !== undefined && { wait }) })
    }
    const headers = new Headers([['content-type', response.headers.get('content-type') ?? '']])
    return new Response(text.length === 0 ? null : text, { status, headers })
  } catch (error) {
    throw describeTransport(error)
  }
}
