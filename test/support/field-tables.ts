import type { Schema } from '../../lib/authorization-server/schemas/validate.js'
import { codesIn, rowsOf, sectionOf } from './docs.js'

/** One row of a table of fields. */
export interface FieldRow {
  /** As the page writes it: `permissions[].value`. */
  path: string
  rule: string
  /** `given`: it must be; `absent`: it is not in the answer; `server`: the server makes it; `value`: this one. */
  default: { kind: 'given' | 'absent' | 'server' } | { kind: 'value'; value: unknown }
  example: unknown
  isReadOnly: boolean
  isImmutable: boolean
}

const WORDS: ReadonlyMap<string, 'given' | 'absent' | 'server'> = new Map([
  ['required', 'given'],
  ['none', 'absent'],
  ['set by the server', 'server'],
])

/** The rows of the table of fields in a section. */
export function fieldsOf(page: string, heading: string): FieldRow[] {
  const cells = rowsOf(sectionOf(page, heading)).filter(row => row.length === 4 && codesIn(row[3] ?? '').length === 1)
  return cells.map(readRow)
}

function readRow([name = '', rule = '', byDefault = '', example = '']: string[]): FieldRow {
  const kind = WORDS.get(byDefault)
  const [path = ''] = codesIn(name)
  return {
    path,
    rule,
    default: kind === undefined ? { kind: 'value', value: valueIn(byDefault) } : { kind },
    example: valueIn(example),
    isReadOnly: /\bread-only\b/.test(rule),
    isImmutable: /\bimmutable\b/.test(rule),
  }
}

const valueIn = (cell: string): unknown => JSON.parse(codesIn(cell)[0] ?? '')

/** Every member of a schema, those of its objects and of the objects in its lists too, by path. */
export function membersOf({ properties = {} }: Schema, parent = ''): { path: string; schema: Schema }[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${parent}${name}`
    const below = schema.items === undefined ? membersOf(schema, `${path}.`) : membersOf(schema.items, `${path}[].`)
    return [{ path, schema }, ...below]
  })
}

/** The path of the object that a member is in; the empty one is the body itself. */
export const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('.'), 0))

/** The value at a path, in the first element of each list; undefined where there is none. */
export function valueAt(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, step) => {
    const name = step.replace('[]', '')
    const member = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
    return step === name || !Array.isArray(member) ? member : member[0]
  }, body)
}

/** A body with this value at the path: objects and lists of one are made on the way. */
export function bodyWith(path: string, value: unknown): Record<string, unknown> {
  return path.split('.').reduceRight<unknown>((inner, step) => {
    const name = step.replace('[]', '')
    return { [name]: step === name ? inner : [inner] }
  }, value) as Record<string, unknown>
}

/** The limits and the choices of a schema, and of what its list holds, as a page writes them. */
export function limitsOf({ items, ...schema }: Schema): string[] {
  const limits = ['minLength', 'maxLength', 'maxItems', 'minimum', 'maximum'].flatMap(keyword => schema[keyword] ?? [])
  const choices = Array.isArray(schema['enum']) ? schema['enum'] : []
  const own = [...limits, ...choices].map(String)
  return items === undefined || items.type === 'object' ? own : [...own, ...limitsOf(items)]
}
