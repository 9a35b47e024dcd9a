import { isDate } from 'node:util/types'
import { memoize } from '../../memoize.js'
import type { CompareNode } from '../../query/tree.js'
import type { RecordKind, StoredRecord } from '../port.js'

/** Records of one block at most, and the characters of its lines: who looks for one record reads the text of all. */
const MAX_ROWS = 32
const MAX_LENGTH = 12_000

const BREAK = '\n'

/**
 * Records of one account that follow each other in time. Its id and time are those of the oldest: they stay when newer ones
 * are added.
 */
export interface Block extends StoredRecord {
  /** The records as JSON, each a line, oldest first: one that is not looked for is found out without being read. */
  lines: string
  /** How many records. */
  length: number
  /** When the last of them expires. Absent: one never does. */
  expires_at?: Date
}

/** A record, and its line. */
export interface Encoded<T> {
  record: T
  line: string
}

/** What blocks were made of, or were read as. */
const rowsOf = new WeakMap<Block, readonly StoredRecord[]>()

/** The records of a block, oldest first. */
export function rowsIn<T extends StoredRecord>(block: Block): readonly T[] {
  return memoize(rowsOf as WeakMap<Block, readonly T[]>, block, () => block.lines.split(BREAK).map(decode<T>))
}

/** The kind of the blocks of a kind: one index entry for each different value of their records, which are at {@link viewOf}. */
export function blockKind<T extends StoredRecord>({ name, idPrefix, indexes }: RecordKind<T>): RecordKind<Block> {
  return {
    ...{ name: `${name}_blocks`, idPrefix, unique: [], text: [], fields: {}, expiresAt: 'expires_at' },
    indexes: indexes.map(rowPath),
  }
}

export const viewOf = (block: Block): object => ({ rows: rowsIn(block) })
export const rowPath = (path: string): string => `rows.${path}`

/** The records, newest first, among which each is that has a value. @param node where, and which one; absent: all */
export function* candidatesIn<T extends StoredRecord>({ lines }: Block, node: CompareNode | undefined): Generator<T> {
  const found = typeof node?.value === 'string' ? linesWith(JSON.stringify(node.value), lines) : lines.split(BREAK)
  for (const line of found.reverse()) yield decode(line)
}

/** The text is gone through once, and no line is cut out of it that is not wanted. */
function linesWith(text: string, lines: string): string[] {
  const found: string[] = []
  for (let at = lines.indexOf(text); at >= 0; ) {
    const end = lines.indexOf(BREAK, at)
    const line = lines.slice(lines.lastIndexOf(BREAK, at) + 1, end < 0 ? lines.length : end)
    found.push(line)
    if (end < 0) break
    at = lines.indexOf(text, end)
  }
  return found
}

/**
 * Puts records into blocks.
 * @param last the newest block, which is filled up first
 * @param records oldest first, each newer than every one there is, with its line
 * @returns the blocks to be written, the one that takes the place of `last` among them
 */
export function fillBlocks<T extends StoredRecord>(
  last: Block | undefined,
  records: readonly Encoded<T>[],
  expiresAt: (keyof T & string) | undefined,
): Block[] {
  const blocks: Block[] = []
  let place = last
  let rows = last === undefined ? [] : [...rowsIn<T>(last)]
  let lines = last === undefined ? [] : [last.lines]
  let length = last?.lines.length ?? 0
  let isChanged = false
  const finish = (): void => {
    if (isChanged) blocks.push(createBlock(rows, lines.join(BREAK), { expiresAt, place }))
  }
  for (const { record, line } of records) {
    if (rows.length >= MAX_ROWS || (rows.length > 0 && length + line.length > MAX_LENGTH)) {
      finish()
      place = undefined
      rows = []
      lines = []
      length = 0
    }
    rows.push(record)
    lines.push(line)
    length += line.length
    isChanged = true
  }
  finish()
  return blocks
}

/** A block without one of its records, which stands where it did; null: there is no other. */
export function withoutRow<T extends StoredRecord>(
  block: Block,
  id: string,
  expiresAt: (keyof T & string) | undefined,
): Block | null {
  const rows = rowsIn<T>(block).filter(row => row.id !== id)
  return rows.length === 0 ? null : createBlock(rows, rows.map(encode).join(BREAK), { expiresAt, place: block })
}

/** @param place the block that it takes the place of */
function createBlock<T extends StoredRecord>(
  rows: readonly T[],
  lines: string,
  { expiresAt, place }: { expiresAt: (keyof T & string) | undefined; place: Block | undefined },
): Block {
  const { id, account, createdAt } = place ?? (rows[0] as T)
  const expiry = expiresAt === undefined ? undefined : latest(rows.map(row => row[expiresAt] as Date | undefined))
  const times = { createdAt, updatedAt: createdAt, ...(expiry !== undefined && { expires_at: expiry }) }
  return remember({ id, account, revision: 1, ...times, lines, length: rows.length }, rows)
}

function remember(block: Block, rows: readonly StoredRecord[]): Block {
  rowsOf.set(block, rows)
  return block
}

/** undefined: one of them is. */
function latest(dates: readonly (Date | undefined)[]): Date | undefined {
  return dates.includes(undefined) ? undefined : new Date(Math.max(...dates.map(Number)))
}

/** No name of a record's members begins like this. */
const DATE = '$date'

export const encode = (row: object): string => JSON.stringify(withoutDates(row))
const decode = <T>(line: string): T => withDates(JSON.parse(line)) as T

function withoutDates(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isDate(value)) return { [DATE]: value.getTime() }
  if (Array.isArray(value)) return value.map(withoutDates)
  const copy: Record<string, unknown> = { ...value }
  for (const name in copy) if (typeof copy[name] === 'object') copy[name] = withoutDates(copy[name])
  return copy
}

/** Changes what was parsed. */
function withDates(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const members = value as Record<string, unknown>
  if (typeof members[DATE] === 'number') return new Date(members[DATE])
  for (const name of Object.keys(members))
    if (typeof members[name] === 'object') members[name] = withDates(members[name])
  return members
}
