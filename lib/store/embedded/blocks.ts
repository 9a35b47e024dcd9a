import type { RecordKind, StoredRecord } from '../port.js'
import { sizeOf } from '../size.js'

/** Records of one block at most, and their bytes, about: a filter that only one of them fulfils reads them all. */
const MAX_ROWS = 64
const MAX_BYTES = 32_768

/**
 * Records of one account that follow each other in time. Its id and time are those of the oldest: they stay when newer ones
 * are added.
 */
export interface Block<T extends StoredRecord> extends StoredRecord {
  /** Oldest first. */
  rows: T[]
  /** About how many the rows take. */
  bytes: number
  /** When the last of them expires. Absent: one never does. */
  expires_at?: Date
}

/** The kind of the blocks of a kind: one index entry for each different value of its rows. */
export function blockKind<T extends StoredRecord>({ name, idPrefix, indexes }: RecordKind<T>): RecordKind<Block<T>> {
  return {
    ...{ name: `${name}_blocks`, idPrefix, unique: [], text: [], fields: {}, expiresAt: 'expires_at' },
    indexes: indexes.map(rowPath),
  }
}

/** Where a block has what its rows have at this path. */
export const rowPath = (path: string): string => `rows.${path}`

/**
 * Puts records into blocks.
 * @param last the newest block, which is filled up first
 * @param records oldest first, each newer than every row there is
 * @returns the blocks to be written, the one that takes the place of `last` among them
 */
export function fillBlocks<T extends StoredRecord>(
  last: Block<T> | undefined,
  records: readonly T[],
  expiresAt: (keyof T & string) | undefined,
): Block<T>[] {
  const changed: Block<T>[] = []
  let block = last && { ...last, rows: [...last.rows] }
  for (const record of records) {
    const bytes = sizeOf(record)
    if (block === undefined || block.rows.length >= MAX_ROWS || block.bytes + bytes > MAX_BYTES) {
      const { id, account, createdAt } = record
      block = { id, account, revision: 1, createdAt, updatedAt: createdAt, rows: [], bytes: 0 }
    }
    if (changed.at(-1) !== block) changed.push(block)
    block.rows.push(record)
    block.bytes += bytes
  }
  for (const one of changed) setExpiry(one, expiresAt)
  return changed
}

/** A block without one of its rows. It stands where it did. */
export function withoutRow<T extends StoredRecord>(block: Block<T>, id: string): Block<T> {
  return { ...block, rows: block.rows.filter(row => row.id !== id) }
}

function setExpiry<T extends StoredRecord>(block: Block<T>, expiresAt: (keyof T & string) | undefined): void {
  delete block.expires_at
  if (expiresAt === undefined) return
  let latest = 0
  for (const row of block.rows) {
    const expiry = row[expiresAt] as Date | undefined
    if (expiry === undefined) return
    latest = Math.max(latest, expiry.getTime())
  }
  block.expires_at = new Date(latest)
}
