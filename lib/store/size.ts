import { isDate } from 'node:util/types'

/** What an object, a list or a member costs beside its content, in bytes, about. */
const OVERHEAD = 16

/**
 * About how many bytes a record takes, in memory and as JSON. Counts what strangers decide on (texts, lists, members), so
 * that pages and caches can be bounded in bytes; it is not exact.
 *
 * @param value plain data: no cycles
 */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value !== 'object' || value === null) return 8
  if (isDate(value)) return 2 * OVERHEAD
  let size = OVERHEAD
  if (Array.isArray(value)) for (const element of value) size += sizeOf(element)
  else for (const [name, member] of Object.entries(value)) size += OVERHEAD + name.length + sizeOf(member)
  return size
}
