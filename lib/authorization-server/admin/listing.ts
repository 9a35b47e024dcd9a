import { createHash } from 'node:crypto'
import { ManagementError } from '../../errors.js'
import type { FieldTable } from '../../query/fields.js'
import { parseQuery } from '../../query/parse.js'
import type { Collection, FindOptions, Position, StoredRecord } from '../../store/port.js'

const DEFAULT_PAGE_SIZE = 50
const MAX_PAGE_SIZE = 200

/** What a list request asks for, and the list that its cursor is bound to. */
interface Listing {
  pageSize: number
  options: FindOptions
  /** Account, kind, filter and order: a cursor of another list does not fit. */
  list: string
}

/** One page of a list; `next` is the cursor of the page after it. */
export interface Page<T> {
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
): Promise<Page<T>> {
  const { pageSize, options, list } = parseListing(url, account, name, fields)
  const records = await collection.find(account, options)
  const results = records.slice(0, pageSize)
  const last = results.at(-1)
  return { results, next: records.length > pageSize && last !== undefined ? formatCursor(last, list) : null }
}

function parseListing(url: string, account: string, name: string, fields: FieldTable): Listing {
  const parameters = readParameters(url)
  const pageSize = readPageSize(parameters.get('pageSize'))
  const query = parameters.get('query') ?? ''
  const list = JSON.stringify([account, name, query, 'createdAt desc, id desc'])
  if (parameters.has('next') && parameters.has('cursor')) throw invalid('cursor', 'is the same as next: give one')
  const parameter = parameters.has('cursor') ? 'cursor' : 'next'
  const cursor = parameters.get(parameter)
  const after = cursor === undefined || cursor === '' ? {} : { after: parseCursor(cursor, list, parameter) }
  return { pageSize, list, options: { filter: parseQuery(query, fields), limit: pageSize + 1, ...after } }
}

const PARAMETERS: ReadonlySet<string> = new Set(['pageSize', 'next', 'cursor', 'query'])

/** Read from the URL itself: Express's own parsers make objects and lists of what users write. */
function readParameters(url: string): Map<string, string> {
  const parameters = new Map<string, string>()
  const start = url.indexOf('?')
  if (start < 0) return parameters
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    if (!PARAMETERS.has(name)) throw invalid(name, 'is not a parameter of lists')
    if (parameters.has(name)) throw invalid(name, 'must not be repeated')
    parameters.set(name, value)
  }
  return parameters
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

/** It only says where to go on in the caller's own list: the sum guards against mistakes, and there is nothing to forge. */
function checksum(position: string, list: string): string {
  return createHash('sha256').update(`${list}\n${position}`).digest('base64url').slice(0, 22)
}

function parseCursor(cursor: string, list: string, parameter: string): Position {
  const bytes = Buffer.from(cursor, 'base64url')
  const text = bytes.toString('utf8')
  const position = text.slice(22)
  const fits = bytes.toString('base64url') === cursor && text.slice(0, 22) === checksum(position, list)
  if (!fits) throw invalid(parameter, 'is not a cursor of this list')
  const [time, id] = JSON.parse(position) as [number, string]
  return { createdAt: new Date(time), id }
}

function invalid(parameter: string, message: string): ManagementError {
  return new ManagementError('validation_error', `The parameter ${printable(parameter)} ${message}.`, {
    details: { fields: [printable(parameter)], issues: [{ path: printable(parameter), message }] },
  })
}

/** The name comes from the caller: short and visible, it may be shown again. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
