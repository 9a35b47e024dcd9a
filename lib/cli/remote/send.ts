import { Refusal } from '../faults.js'

/** Bytes of an answer that are read; a page of a list has about 2 MB. */
const MAX_BYTES = 32 * 1024 * 1024

export interface Sent {
  url: string
  method: string
  headers: Readonly<Record<string, string>>
  body?: string
}

export interface Reply {
  status: number
  headers: Headers
  /** undefined: there was none, or it is no JSON. */
  body: unknown
}

/**
 * Makes one call under a deadline that covers connecting, headers and body. No redirect is followed: a secret goes where
 * it was sent, and nowhere else.
 *
 * @param timeout milliseconds
 * @throws Refusal nothing answers, not in time, or too much
 */
export async function send(fetchFunction: typeof fetch, sent: Sent, timeout: number): Promise<Reply> {
  const { url, ...request } = sent
  const { origin } = new URL(url)
  const controller = new AbortController()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    controller.abort()
  }, timeout)
  try {
    const response = await fetchFunction(url, { ...request, redirect: 'manual', signal: controller.signal })
    return { status: response.status, headers: response.headers, body: parse(await readBody(response)) }
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (isLate) throw new Refusal(`${origin} has not answered within ${timeout / 1000} s`)
    throw new Refusal(`${origin} cannot be reached: ${reasonOf(error)}`)
  } finally {
    clearTimeout(timer)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
}

/** `fetch` hides the reason in its cause; several addresses were tried for one name. */
function reasonOf(error: unknown): string {
  const { cause }: { cause?: unknown } = Object(error)
  const { code, errors }: { code?: unknown; errors?: unknown } = Object(cause)
  const found = code ?? (Array.isArray(errors) ? Object(errors[0]).code : undefined)
  return typeof found === 'string' ? (REASONS[found] ?? found) : 'the network failed'
}

async function readBody({ body }: Response): Promise<string> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > MAX_BYTES) throw new Refusal('the answer is larger than 32 MB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
