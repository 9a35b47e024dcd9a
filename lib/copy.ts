import { types } from 'node:util'

/**
 * Copies plain data: lists, objects and dates, at any depth; whatever else it holds is the same in the copy. Unlike
 * `structuredClone` it makes all of them by the globals of this module: test runners give each file globals of its own, and
 * there a list or a date that was made elsewhere is none of ours.
 */
export function copyData<T>(value: T): T
export function copyData(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, element => copyData(element))
  if (types.isDate(value)) return new Date(value.getTime())
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyData(member)]))
}

/** Of any globals. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
