import { isDeepStrictEqual } from 'node:util'
import type { Row } from '../../output/cells.js'

/** A member that is not as it should be; `before` is absent where there was none. */
export interface FieldChange {
  field: string
  before?: unknown
  after: unknown
}

/** What the file says and the server does not. Members that the file leaves out are not looked at. */
export function compare(present: Row, wanted: Row, prefix = ''): FieldChange[] {
  return Object.entries(wanted).flatMap(([name, after]): FieldChange[] => {
    const before = Object.hasOwn(present, name) ? present[name] : undefined
    if (isDeepStrictEqual(before, after)) return []
    // An update of an object changes the members that it names.
    if (isObject(before) && isObject(after)) return compare(before, after, `${prefix}${name}.`)
    return [{ field: `${prefix}${name}`, ...(before !== undefined && { before }), after }]
  })
}

/** The body of the update: whole members, as the file has them. */
export function updateOf(wanted: Row, changes: readonly FieldChange[]): Row {
  const names = new Set(changes.map(({ field }) => field.split('.', 1)[0]))
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => names.has(name)))
}

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
