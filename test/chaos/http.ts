import { type Agent, type IncomingHttpHeaders, request } from 'node:http'

export interface Question {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** A request that broke off, or was not answered in time. */
export class Unanswered extends Error {
  /** When the whole request was on its way, by `performance.now()`. */
  readonly sentAt: number | undefined
  constructor(code: string, sentAt: number | undefined) {
    super(code)
    this.sentAt = sentAt
  }
}

/** How long an answer is waited for, in milliseconds: nobody may ever wait so long. */
const TIMEOUT = 30_000

/** @throws Unanswered */
export function ask(base: string, { method = 'GET', path, headers, body }: Question, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let sentAt: number | undefined
    const fail = (error: NodeJS.ErrnoException): void => reject(new Unanswered(error.code ?? error.message, sentAt))
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const req = request(base + path, { method, agent, headers: { ...headers, ...length }, timeout: TIMEOUT }, res => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', chunk => {
        text += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }))
      res.on('error', fail)
    })
    req.on('finish', () => {
      sentAt = performance.now()
    })
    req.on('timeout', () => req.destroy(Object.assign(new Error('no answer'), { code: 'TIMEOUT' })))
    req.on('error', fail)
    req.end(body)
  })
}
