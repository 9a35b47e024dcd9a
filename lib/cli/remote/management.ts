import { Refusal, UsageError } from '../faults.js'
import type { Io } from '../io.js'
import type { Row } from '../output/cells.js'
import { type Connection, type ConnectionOptions, readConnection } from './connection.js'
import { refusalOf } from './explain.js'
import { type Reply, send } from './send.js'
import { MANAGEMENT_AUDIENCE, requestToken } from './token.js'

export interface Call {
  query?: Readonly<Record<string, string>>
  body?: object
  /** The entity tag that the resource must have. */
  ifMatch?: string
}

/** The management API of one account, with a token of its own that is asked for when it is needed. */
export class Management {
  readonly clientId: string
  readonly #io: Pick<Io, 'fetch'>
  readonly #connection: Connection
  #token: Promise<string> | undefined

  constructor(io: Pick<Io, 'fetch'>, connection: Connection) {
    this.clientId = connection.clientId
    this.#io = io
    this.#connection = connection
  }

  /** @throws Refusal the answer is no success */
  async call(method: string, path: string, call: Call = {}): Promise<Reply> {
    const reply = await this.attempt(method, path, call)
    if (reply.status < 200 || reply.status > 299) throw refusalOf(reply)
    return reply
  }

  /** The same, and every answer is one. A token that has expired under way is replaced once. */
  async attempt(method: string, path: string, call: Call = {}): Promise<Reply> {
    const isNew = this.#token === undefined
    const reply = await this.#send(method, path, call)
    if (reply.status !== 401 || isNew) return reply
    this.#token = undefined
    return this.#send(method, path, call)
  }

  async #send(method: string, path: string, { query = {}, body, ifMatch }: Call): Promise<Reply> {
    const { adminUrl, timeout } = this.#connection
    this.#token ??= requestToken(this.#io, this.#connection, { audience: MANAGEMENT_AUDIENCE })
    const headers = {
      authorization: `Bearer ${await this.#token}`,
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    }
    const search = String(new URLSearchParams(query))
    const url = `${adminUrl}${path}${search === '' ? '' : `?${search}`}`
    return send(
      this.#io.fetch,
      { url, method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) },
      timeout,
    )
  }

  /** The pages of a list, each asked for when the one before has been used. @throws Refusal */
  async *pages(path: string, query: Readonly<Record<string, string>> = {}): AsyncGenerator<readonly Row[]> {
    const seen = new Set<string>()
    let next: string | undefined
    do {
      const { body } = await this.call('GET', path, { query: { ...query, ...(next !== undefined && { next }) } })
      const page = readPage(body)
      yield page.results
      next = page.next
      if (next !== undefined && seen.has(next)) throw new Refusal('the server gives the same page again and again')
      if (next !== undefined) seen.add(next)
    } while (next !== undefined)
  }
}

/** @throws UsageError, Refusal */
export async function openManagement(io: Io, options: ConnectionOptions): Promise<Management> {
  return new Management(io, await readConnection(io, options))
}

/** @throws Refusal */
export function readPage(body: unknown): { results: Row[]; next: string | undefined } {
  const { results, next } = Object(body)
  if (
    !Array.isArray(results) ||
    !results.every(isRow) ||
    (next !== null && next !== undefined && typeof next !== 'string')
  ) {
    throw noScopegate()
  }
  return { results, next: next ?? undefined }
}

/** One record of an answer. @throws Refusal */
export function readRecord({ body }: Pick<Reply, 'body'>): Row {
  if (!isRow(body)) throw noScopegate()
  return body
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function noScopegate(): Refusal {
  return new Refusal('the answer is not one of scopegate; check the URL')
}

/** An id as it stands in a path: nothing that a URL would read otherwise. @throws UsageError */
export function idInPath(id: string): string {
  if (/^[A-Za-z0-9._~-]{1,200}$/.test(id) && id !== '.' && id !== '..') return id
  throw new UsageError('an id has 1 to 200 characters of A-Z a-z 0-9 . _ ~ -')
}
