import { isInsecure } from '../authorization-server/context/issuer.js'
import { readBounded } from '../resource-server/keys/response-body.js'
import { clearTimeout, setTimeout } from '../timers.js'
import { ProviderFault } from './provider-fault.js'

/** Bytes of an answer of a provider: metadata and key sets have a tenth of it. */
const MAX_BYTES = 524_288

/** One attempt to get something from a provider: all its requests have one deadline. */
export interface Attempt {
  /** For openid-client: no redirects, bodies of bounded size, nothing in the clear but on loopback. */
  fetch: (url: string, init: object) => Promise<Response>
  /** Was anything sent? */
  readonly wasAsked: boolean
}

/**
 * Runs an attempt under a total deadline, which covers connecting, headers and bodies.
 * @param timeout milliseconds
 * @throws ProviderFault `unavailable`, whatever became of a fetch that failed; else what the attempt throws
 */
export async function withAttempt<T>(timeout: number, run: (attempt: Attempt) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  let wasAsked = false
  let broken: ProviderFault | undefined
  const attempt: Attempt = {
    async fetch(url, init) {
      wasAsked = true
      try {
        return await fetchBounded(url, init, signal)
      } catch (error) {
        broken ??= describeTransport(error)
        throw broken
      }
    },
    get wasAsked() {
      return wasAsked
    },
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      broken ??= new ProviderFault('unavailable', 'did not answer in time', 'timeout')
      reject(broken)
      controller.abort()
    }, timeout)
    timer.unref()
  })
  try {
    return await Promise.race([run(attempt), deadline])
  } catch (error) {
    throw broken ?? error
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}

async function fetchBounded(url: string, init: object, signal: AbortSignal): Promise<Response> {
  if (isInsecure(new URL(url))) throw new ProviderFault('response', 'names a URL without TLS', 'insecure_url')
  const response = await fetch(url, { ...init, redirect: 'manual', signal })
  const text = await readBounded(response.body, {
    ...{ signal, limit: MAX_BYTES },
    tooLarge: () => new ProviderFault('response', 'answered too much', 'too_large'),
  })
  const { status, headers } = response
  return new Response(text.length === 0 ? null : text, { status, headers })
}

/** The system's code, and nothing of the text. */
function describeTransport(error: unknown): ProviderFault {
  if (error instanceof ProviderFault) return error
  const { name, cause }: { name?: unknown; cause?: unknown } = Object(error)
  const { code }: { code?: unknown } = Object(cause)
  const word = [code, name].find(text => typeof text === 'string' && /^\w{1,64}$/.test(text))
  return new ProviderFault('unavailable', 'cannot be reached', String(word ?? 'network'))
}
