import { ManagementError } from '../../errors.js'
import type { HttpRequest } from '../../http/handler.js'
import type { StoredRecord } from '../../store/port.js'

/** The strong entity tag of a record (RFC 9110 §8.8.3). */
export const etagOf = ({ revision }: StoredRecord): string => `"${revision}"`

/** One member of a list, and what separates it from the next; a comma may stand within a tag (RFC 9110 §5.6.1, §8.8.3). */
const MEMBER = /[ \t]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")?[ \t]*(?:,|$)/y

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
  const fits = header.trim() === '*' || readTags(header).includes(etagOf(record))
  if (!fits) throw new ManagementError('precondition_failed', 'The resource was changed since.')
  return true
}

/** The tags of a list; none where it cannot be read. */
function readTags(header: string): string[] {
  const tags: string[] = []
  MEMBER.lastIndex = 0
  while (MEMBER.lastIndex < header.length) {
    const found = MEMBER.exec(header)
    if (found === null) return []
    if (found[1] !== undefined) tags.push(found[1])
  }
  return tags
}
