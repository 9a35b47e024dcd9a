import type { Headers } from '../errors.js'
import type { HttpResponse } from './handler.js'
import { endAnswer } from './unread-body.js'

/** Headers of an answer that nobody may store (RFC 6749 §5.1). */
export const NOT_STORED = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }

/** Answers with JSON. Does nothing where the answer was begun already. */
export function sendJson(res: HttpResponse, status: number, body: unknown, headers: Headers = {}): void {
  if (res.headersSent) return
  const text = JSON.stringify(body)
  res.statusCode = status
  if (headers['Content-Type'] === undefined) res.setHeader('Content-Type', 'application/json; charset=utf-8')
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.setHeader('Content-Length', Buffer.byteLength(text))
  // As a string it leaves in one write with the headers.
  endAnswer(res, res.req?.method === 'HEAD' ? undefined : text)
}

/** The same, without a body. */
export function sendEmpty(res: HttpResponse, status: number, headers: Headers = {}): void {
  if (res.headersSent) return
  res.statusCode = status
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  endAnswer(res, undefined)
}

/** Sends a browser on by GET, whatever it came with; the next page is not told from where (RFC 9700 §4.2.4, §4.12). */
export function sendSeeOther(res: HttpResponse, location: string): void {
  sendEmpty(res, 303, { ...NOT_STORED, 'Referrer-Policy': 'no-referrer', Location: location })
}
