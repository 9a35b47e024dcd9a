import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { oauthErrorHandler } from '../../http/error-handler.js'
import { InvalidRequestError } from '../../errors.js'

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

/** Refuses a request of HTTP/1.1 without `Host` (RFC 9112 §3.2). @returns whether it did */
export function refuseWithoutHost(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.headers.host !== undefined || req.httpVersion !== '1.1') return false
  const error = new InvalidRequestError('The Host header is missing.', { headers: { Connection: 'close' } })
  oauthErrorHandler(error, req, res, () => undefined)
  return true
}
