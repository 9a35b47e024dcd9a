import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { oauthErrorHandler } from '../../http/error-handler.js'
import { InvalidRequestError } from '../../errors.js'
import { sendJson } from '../../http/respond.js'

/** How long a client may take, in milliseconds. */
export interface ArrivalTimes {
  /** For the headers of a request. */
  headersTimeout: number
  /** For a request as a whole, a body that nobody reads too. */
  requestTimeout: number
  /** How often that is looked at. */
  connectionsCheckingInterval: number
}

/** A body that is read has 10 seconds (lib/http/intake.ts), after the headers, and after it has waited for the start. */
const TIMES: ArrivalTimes = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 1_000 }

/**
 * How long a connection stays open without a request, in milliseconds: longer than load balancers keep theirs (60 seconds),
 * which would otherwise send a request on one that ends at that moment.
 */
const KEEP_ALIVE_TIMEOUT = 65_000

/** Makes a server that cuts off who sends too slowly, and whose own refusals are JSON. It does not demand `Host`. */
export function createHttpServer(times: ArrivalTimes = TIMES): Server {
  const http = createServer({ ...times, keepAliveTimeout: KEEP_ALIVE_TIMEOUT, requireHostHeader: false })
  const last = new WeakMap<Duplex, ServerResponse>()
  const note = (req: IncomingMessage, res: ServerResponse): unknown => last.set(req.socket, res)
  http.on('request', note)
  http.on('checkContinue', note)
  http.on('checkExpectation', refuseExpectation)
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const res = last.get(socket)
    if (res === undefined || res.closed) return refuse(error, socket)
    // It is the request behind this one that cannot be read.
    if (res.req.complete) return void res.once('close', () => refuse(error, socket))
    if (res.headersSent) socket.destroy()
    else refuse(error, socket)
  })
  return http
}

/** By Node's code for what is wrong. */
const REFUSALS: Readonly<Record<string, readonly [status: number, description: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The body is too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
}

function refuse({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET') return void socket.destroy()
  const [status, error_description] = REFUSALS[code] ?? [400, 'The request cannot be read.']
  const body = JSON.stringify({ error: 'invalid_request', error_description })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/** There is one expectation, `100-continue` (RFC 9110 §10.1.1). */
function refuseExpectation(_req: IncomingMessage, res: ServerResponse): void {
  const body = { error: 'invalid_request', error_description: 'The expectation is not supported.' }
  sendJson(res, 417, body, { 'Cache-Control': 'no-store', Connection: 'close' })
}

/** Refuses a request of HTTP/1.1 without `Host`, and any with several (RFC 9112 §3.2). @returns whether it did */
export function refuseHost(req: IncomingMessage, res: ServerResponse): boolean {
  const count = countHosts(req)
  if (count === 1 || (count === 0 && req.httpVersion !== '1.1')) return false
  const description = count === 0 ? 'The Host header is missing.' : 'There are several Host headers.'
  const error = new InvalidRequestError(description, { headers: { Connection: 'close' } })
  oauthErrorHandler(error, req, res, () => undefined)
  return true
}

/** `req.headers` has only the first one of several. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count
}
