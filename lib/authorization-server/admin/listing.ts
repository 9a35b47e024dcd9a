import { createHash } from 'node:crypto'
import { ManagementError } from '../../errors.js'
import type { FieldTable } from '../../query/fields.js'
import { parseQuery } from '../../query/parse.js'
import type { Collection, FindOptions, Position, StoredRecord } from '../../store/port.js'

const DEFAULT_PAGE_SIZE = 50
const MAX_PAGE_SIZE = 200

/** What a list request asks for, and the list that its cursor is bound to. */
interface Listing {
  options: FindOptions
  /** Account, kind, filter and order: a cursor of another list does not fit. */
  list: string
}

/** One page of a list; `next` is the cursor of the page after it. It may be shorter than asked, even empty, and go on. */
export interface ResultPage<T> {
  results: T[]
  next: string | null
}

/**
 * Answers a list request: newest first, `pageSize` 1 to 200 (default 50), `next` or its alias `cursor`, `query` in FaableQL.
 *
 * @param url the request's URL with its query string
 * @throws ManagementError `validation_error` naming the parameter that is unknown, repeated or out of range;
 * `invalid_query`
 */
export async function listPage<T extends StoredRecord>(
  url: string,
  account: string,
  { name, collection, fields }: { name: string; collection: Collection<T>; fields: FieldTable },
): Promise<ResultPage<T>> {
  const { options, list } = parseListing(url, account, name, fields)
  const { records, next } = await collection.find(account, options)
  return { results: records, next: next === null ? null : formatCursor(next, list) }
}

function parseListing(url: string, account: string, name: string, fields: FieldTable): Listing {
  const parameters = readParameters(url)
  const limit = readPageSize(parameters.get('pageSize'))
  const query = parameters.get('query') ?? ''
  const list = JSON.stringify([account, name, query, 'createdAt desc, id desc'])
  if (parameters.has('next') && parameters.has('cursor')) throw invalid('cursor', 'is the same as next: give one')
  const parameter = parameters.has('cursor') ? 'cursor' : 'next'
  const cursor = parameters.get(parameter)
  const after = cursor === undefined || cursor === '' ? {} : { after: parseCursor(cursor, list, parameter) }
  return { list, options: { filter: parseQuery(query, fields), limit, ...after } }
}

const PARAMETERS: ReadonlySet<string> = new Set(['pageSize', 'next', 'cursor', 'query'])

/**
 * Reads the query. From the URL itself: Express's own parsers make objects and lists of what users write.
 * @param whose what the parameters are of, for the message
 * @throws ManagementError `validation_error` naming the parameter that is not one of these, or is repeated
 */
export function readParameters(url: string, known = PARAMETERS, whose = 'lists'): Map<string, string> {
  const parameters = new Map<string, string>()
  const start = url.indexOf('?')
  if (start < 0) return parameters
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    if (!known.has(name)) throw invalid(name, `is not a parameter of ${whose}`)
    if (parameters.has(name)) throw invalid(name, 'must not be repeated')
    parameters.set(name, value)
  }
  return parameters
}

/** A parameter that is `true` or `false`; absent: false. @throws ManagementError `validation_error` */
export function readSwitch(parameters: ReadonlyMap<string, string>, name: string): boolean {
  const text = parameters.get(name) ?? 'false'
  if (text === 'true' || text === 'false') return text === 'true'
  throw invalid(name, 'must be true or false')
}

function readPageSize(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PAGE_SIZE
  const size = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 0
  if (size < 1 || size > MAX_PAGE_SIZE) throw invalid('pageSize', `must be an integer from 1 to ${MAX_PAGE_SIZE}`)
  return size
}

function formatCursor({ createdAt, id }: Position, list: string): string {
  const position = JSON.stringify([createdAt.getTime(), id])
  return Buffer.from(`${checksum(position, list)}${position}`).toString('base64url')
}

/** Characters of a sum. */
const SUM_LENGTH = 22

/** It only says where to go on in the caller's own list: the sum guards against mistakes, and everybody can compute it. */
function checksum(position: string, list: string): string {
  return createHash('sha256').update(`${list}\n${position}`).digest('base64url').slice(0, SUM_LENGTH)
}

/** Whoever wrote the cursor, what comes out is a time and an id, in the one spelling that is given out. */
function parseCursor(cursor: string, list: string, parameter: string): Position {
  const position = readPosition(Buffer.from(cursor, 'base64url').toString('latin1').slice(SUM_LENGTH))
  if (position !== null && formatCursor(position, list) === cursor) return position
  throw invalid(parameter, 'is not a cursor of this list')
}

/** Milliseconds since the epoch, and an id. */
const POSITION = /^\[(\d{1,15}),"([A-Za-z0-9._~-]{1,200})"\]$/

function readPosition(text: string): Position | null {
  const [, time, id] = POSITION.exec(text) ?? []
  return time === undefined || id === undefined ? null : { createdAt: new Date(Number(time)), id }
}

/** The refusal of one parameter. */
export function invalid(parameter: string, message: string): ManagementError {
  return new ManagementError('validation_error', `The parameter ${printable(parameter)} ${message}.`, {
    details: { fields: [printable(parameter)], issues: [{ path: printable(parameter), message }] },
  })
}

/** The name comes from the caller: short and visible, it may be shown again. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
