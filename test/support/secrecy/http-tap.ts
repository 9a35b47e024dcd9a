import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { textOf } from './lines.js'
import type { Sources } from './sources.js'

/** Characters of a body that are looked at. */
const MAX_BODY = 65_536

/** The beginning of a body: as text, so that no memory of the socket's is held. */
class Body {
  #text = ''

  add(chunk: unknown): void {
    const room = MAX_BODY - this.#text.length
    if (room <= 0) return
    this.#text += textOf(chunk instanceof Uint8Array ? chunk.subarray(0, room) : chunk).slice(0, room)
  }

  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}

/** Sees every request and answer of the servers in this process, and of `node:http` and `fetch` when they ask others. */
export function tapHttp(sources: Sources): void {
  subscribe('http.server.request.start', message => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    sources.request({ target: request.url ?? '', headers: request.headers })
    watchIncoming(request, text => sources.requestBody(text))
    watchResponse(response, sources)
  })
  subscribe('http.client.response.finish', message => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage }
    sources.request({ target: request.path, headers: request.getHeaders() as IncomingMessage['headers'] })
    sources.answer({ cookies: response.headers['set-cookie'] ?? [], location: response.headers.location })
    watchIncoming(response, text => sources.answerBody(text))
  })
  tapFetch(sources)
}

/** What arrives is pushed into the stream, whoever reads it. */
function watchIncoming(message: IncomingMessage, tell: (text: string) => void): void {
  const body = new Body()
  const push = message.push
  message.push = (chunk, encoding) => {
    if (chunk === null) tell(body.take())
    else body.add(chunk)
    return push.call(message, chunk, encoding)
  }
}

function watchResponse(response: ServerResponse, sources: Sources): void {
  const body = new Body()
  const { write, end } = response
  response.write = ((...call: unknown[]) => {
    body.add(call[0])
    return Reflect.apply(write, response, call)
  }) as typeof write
  response.end = ((...call: unknown[]) => {
    body.add(call[0])
    const ended = Reflect.apply(end, response, call)
    const head = String(Reflect.get(response, '_header') ?? '')
    sources.answer({
      cookies: [...head.matchAll(/^set-cookie: (.*)$/gim)].map(([, value = '']) => value),
      location: /^location: (\S+)/im.exec(head)?.[1],
    })
    sources.answerBody(body.take())
    return ended
  }) as typeof end
}

function tapFetch(sources: Sources): void {
  const { fetch } = globalThis
  globalThis.fetch = async (input, init) => {
    const target = input instanceof Request ? input.url : String(input)
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    sources.request({ target, headers: Object.fromEntries(headers) })
    const body = init?.body
    if (typeof body === 'string' || body instanceof URLSearchParams) sources.requestBody(String(body))
    const answer = await fetch(input, init)
    sources.answer({ cookies: answer.headers.getSetCookie(), location: answer.headers.get('location') ?? undefined })
    return answer
  }
  const { text, json } = Response.prototype
  Object.assign(Response.prototype, {
    async text(this: Response) {
      const read = await text.call(this)
      sources.answerBody(read.slice(0, MAX_BODY))
      return read
    },
    async json(this: Response) {
      const read: unknown = await json.call(this)
      sources.answerBody(String(JSON.stringify(read)).slice(0, MAX_BODY))
      return read
    },
  })
}
