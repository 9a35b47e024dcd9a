import { ManagementError } from '../../errors.js'
import type { HttpRequest } from '../../http/handler.js'
import type { StoredRecord } from '../../store/port.js'

/** The strong entity tag of a record (RFC 9110 §8.8.3). */
export const etagOf = ({ revision }: StoredRecord): string => `"${revision}"`

const MEMBER = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/

/**
 * Refuses the request where it has an `If-Match` that the record does not fulfil (RFC 9110 §13.1.1).
 * Weak tags never match; a header that cannot be read matches nothing.
 *
 * @returns whether there was an `If-Match`
 * @throws ManagementError `precondition_failed`
 */
export function requireMatch(req: HttpRequest, record: StoredRecord): boolean {
  const header = req.headers['if-match']
  if (header === undefined) return false
  const tags = header.split(',').map(tag => tag.trim())
  const fits = header.trim() === '*' || (tags.every(tag => MEMBER.test(tag)) && tags.includes(etagOf(record)))
  if (!fits) throw new ManagementError('precondition_failed', 'The resource was changed since.')
  return true
}
