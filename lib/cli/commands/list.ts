import { UsageError } from '../faults.js'
import type { Io } from '../io.js'
import type { Row } from '../output/cells.js'
import { ListWriter } from '../output/list-writer.js'
import type { ConnectionOptions } from '../remote/connection.js'
import { idInPath, type Management, openManagement } from '../remote/management.js'
import type { Resource } from './resources.js'

export interface ListOptions extends ConnectionOptions {
  /** FaableQL. */
  query?: string
  /** A number, as text. */
  limit?: string
  json?: boolean
  jsonl?: boolean
}

/** Rows that one call asks for. */
const PAGE_SIZE = 200

/** `list`: every page, newest first, written as it comes. */
export async function list(io: Io, resource: Resource, options: ListOptions): Promise<void> {
  const { query } = options
  const limit = readLimit(options.limit)
  const writer = new ListWriter(io, resource.columns, options)
  const management = await openManagement(io, options)
  const pageSize = String(Math.min(PAGE_SIZE, limit))
  const parameters = resource.isPaged ? { pageSize, ...(query !== undefined && { query }) } : {}
  await writeRows(writer, management.pages(resource.path, parameters), limit)
}

/** `apis usage`: how often each permission was granted. */
export async function listUsage(io: Io, id: string, options: ListOptions): Promise<void> {
  const path = `/apis/${idInPath(id)}/usage`
  const writer = new ListWriter(io, ['value', 'granted'], options)
  const management: Management = await openManagement(io, options)
  await writeRows(writer, management.pages(path), Number.POSITIVE_INFINITY)
}

async function writeRows(writer: ListWriter, pages: AsyncIterable<readonly Row[]>, limit: number): Promise<void> {
  let left = limit
  for await (const rows of pages) {
    await writer.write(rows.slice(0, left))
    left -= rows.length
    if (left <= 0) break
  }
  await writer.end()
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new UsageError('--limit must be a number from 1 to 999999999')
}
