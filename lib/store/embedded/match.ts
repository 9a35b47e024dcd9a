import { isDate } from 'node:util/types'
import { type CompareNode, type Filter, foldCase, type Scalar } from '../../query/tree.js'

/** Does the record fulfil the filter? `text` holds the names of the record's text fields. */
export function match(filter: Filter, record: object, text: readonly string[]): boolean {
  switch (filter.type) {
    case 'and':
      return filter.nodes.every(node => match(node, record, text))
    case 'not':
      return !match(filter.node, record, text)
    case 'compare':
      return valuesAt(record, filter.path).some(value => compares(value, filter))
    case 'prefix':
      return valuesAt(record, filter.path).some(value => typeof value === 'string' && value.startsWith(filter.value))
    case 'text':
      return containsText(record, text, foldCase(filter.value))
  }
}

/** The values at a path: lists on the way, and at its end, are gone through element by element. */
export function valuesAt(record: object, path: string): unknown[] {
  const values: unknown[] = []
  collect(record, path.split('.'), 0, values)
  return values
}

/** Adds the values at the rest of a path. Nothing is made on the way: a block has hundreds of values. */
function collect(value: unknown, names: readonly string[], at: number, values: unknown[]): void {
  if (Array.isArray(value)) for (const element of value) collect(element, names, at, values)
  else if (at < names.length) collect(member(value, names[at] as string), names, at + 1, values)
  else if (value !== undefined) values.push(value)
}

function member(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
  return isObject ? (value as Record<string, unknown>)[name] : undefined
}

function compares(value: unknown, { operator, value: wanted }: CompareNode): boolean {
  const [a, b] = [comparable(value), comparable(wanted)]
  if (isDate(value) !== isDate(wanted) || typeof a !== typeof b) return false
  switch (operator) {
    case 'eq':
      return a === b
    case 'gt':
      return a > b
    case 'gte':
      return a >= b
    case 'lt':
      return a < b
    case 'lte':
      return a <= b
  }
}

function comparable(value: unknown): Exclude<Scalar, Date> {
  return isDate(value) ? value.getTime() : (value as Exclude<Scalar, Date>)
}

function containsText(record: object, fields: readonly string[], folded: string): boolean {
  return fields.some(field => {
    const value = member(record, field)
    return typeof value === 'string' && foldCase(value).includes(folded)
  })
}
