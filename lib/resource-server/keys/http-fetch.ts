import { clearTimeout, setTimeout } from '../../timers.js'
import { type BodyReader, openBody } from './response-body.js'

/** Bytes an answer may have: a key set of a hundred keys has a tenth of it. */
const MAX_BYTES = 1_048_576

/** Who asks, and for what: a key set has a type of its own (RFC 7517 §8.5), and some servers give it by no other name. */
const HEADERS = { Accept: 'application/json, application/jwk-set+json', 'User-Agent': 'scopegate/0.1.0' }

/** Why a document could not be had; `code` is that of the event, `status` that of an answer which was not 200. */
export class FetchFailure extends Error {
  readonly code: string
  readonly status: number | undefined
  constructor(code: string, cause?: unknown, status?: number) {
    super(`the document could not be fetched: ${code}`, cause === undefined ? undefined : { cause })
    this.name = 'FetchFailure'
    this.code = code
    this.status = status
  }
}

/** What is sent; absent: a plain GET. */
export type SentRequest = Readonly<{ method: string; headers: Readonly<Record<string, string>>; body: string }>

/** Fetches a JSON object: status 200, no redirects, at most 1 MiB, within the attempt's deadline. @throws FetchFailure */
export type FetchJson = (url: string, sent?: SentRequest) => Promise<Record<string, unknown>>

/**
 * Runs one attempt under a total deadline, which covers connecting, headers and bodies of all its requests,
 * also where a custom `fetch` does not listen to its signal.
 *
 * @param timeout milliseconds
 */
export async function withDeadline<T>(
  fetchFunction: typeof fetch,
  timeout: number,
  attempt: (fetchJson: FetchJson) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new FetchFailure('timeout'))
      controller.abort()
    }, timeout)
    timer.unref()
  })
  try {
    return await Promise.race([attempt((url, sent) => fetchJson(fetchFunction, url, signal, sent)), deadline])
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}

async function fetchJson(
  fetchFunction: typeof fetch,
  url: string,
  signal: AbortSignal,
  sent: SentRequest | undefined,
): Promise<Record<string, unknown>> {
  const text = await readText(await request(fetchFunction, url, signal, sent))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // No cause: what the parser says quotes the text.
    throw new FetchFailure('not_json')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FetchFailure('not_json')
  return value as Record<string, unknown>
}

/** @param signal ends the reading too, where `fetch` does not listen to it */
async function request(
  fetchFunction: typeof fetch,
  url: string,
  signal: AbortSignal,
  sent: SentRequest | undefined,
): Promise<BodyReader> {
  let response: Response
  let body: BodyReader | undefined
  try {
    response = await fetchFunction(url, {
      ...sent,
      headers: { ...HEADERS, ...sent?.headers },
      redirect: 'manual',
      signal,
    })
    body = openBody(response.body)
  } catch (cause) {
    throw new FetchFailure('network', cause)
  }
  const { status, type, redirected } = response
  if (status === 200 && !redirected) {
    if (body === undefined) throw new FetchFailure('not_json')
    if (signal.aborted) body.discard()
    else signal.addEventListener('abort', body.discard)
    return body
  }
  body?.discard()
  const isRedirect = redirected || type === 'opaqueredirect' || (status >= 300 && status < 400)
  throw new FetchFailure(isRedirect ? 'redirect' : 'status', undefined, status)
}

async function readText(body: BodyReader): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const chunk = await body.read()
      // Without a byte order mark, which some servers begin with.
      if (chunk === undefined) return new TextDecoder().decode(Buffer.concat(chunks))
      length += chunk.length
      if (length > MAX_BYTES) throw new FetchFailure('too_large')
      chunks.push(chunk)
    }
  } catch (cause) {
    body.discard()
    throw cause instanceof FetchFailure ? cause : new FetchFailure('network', cause)
  }
}
