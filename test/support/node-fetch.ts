import { Readable } from 'node:stream'

/** What the package node-fetch makes of an answer, as far as anybody uses it: a body that is a stream of Node's. */
export interface NodeResponse {
  status: number
  redirected: boolean
  headers: { get(name: string): string | null }
  body: Readable
}

/** What a server of a test answers: its status, and its body as text or as a stream. */
export interface NodeAnswer {
  status?: number
  body?: string | Readable
}

/**
 * A `fetch` of the shape of node-fetch: where the request is aborted it emits an error on the body, which ends the process
 * where nobody listens.
 *
 * @param listens does it care for the signal?
 */
export function nodeFetch(answer: (url: string) => NodeAnswer | Promise<NodeAnswer>, listens = true) {
  const calls: string[] = []
  const responses: NodeResponse[] = []
  async function fetchLikeNode(input: unknown, init?: { signal?: AbortSignal | null }): Promise<NodeResponse> {
    calls.push(String(input))
    const { status = 200, body = '' } = await answer(String(input))
    const stream = typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body
    const abort = (): void => void stream.emit('error', new Error('The operation was aborted.'))
    if (listens) init?.signal?.addEventListener('abort', abort)
    stream.once('end', () => init?.signal?.removeEventListener('abort', abort))
    const response = { status, redirected: false, headers: { get: () => null }, body: stream }
    responses.push(response)
    return response
  }
  return { fetch: fetchLikeNode as unknown as typeof fetch, calls, responses }
}
