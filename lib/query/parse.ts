import { ManagementError } from '../errors.js'
import { castDate, castNumber } from './cast.js'
import type { Field, FieldTable } from './fields.js'
import { type CompareNode, eq, type Filter, not, type Scalar } from './tree.js'

/** Characters a query may have, and terms. */
const MAX_LENGTH = 4096
const MAX_TERMS = 50

/** One term: what stands before the colon, if anything, and the value. */
interface Term {
  /** Where it starts, counted from 0. */
  position: number
  field?: string
  negated: boolean
  value: string
  quoted: boolean
}

/** A field name with its operator, at the start of a term. */
const FIELD = /^([\p{L}_][\p{L}\p{N}_.]*)(!?):/u

/**
 * Reads FaableQL: terms with blanks between them, all of which must hold. The empty text is every record.
 *
 * @param fields which fields may be named, where they stand, and their types
 * @throws ManagementError `invalid_query` with `details.position`, the start of the faulty term, counted from 0 in UTF-16 units
 */
export function parseQuery(text: string, fields: FieldTable): Filter {
  if (text.length > MAX_LENGTH) throw fault(0, `A query has at most ${MAX_LENGTH} characters.`)
  const nodes = readTerms(text).map(term => toNode(term, fields))
  return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { type: 'and', nodes }
}

function fault(position: number, message: string): ManagementError {
  return new ManagementError('invalid_query', message, { details: { position } })
}

function readTerms(text: string): Term[] {
  const terms: Term[] = []
  let at = 0
  while (true) {
    while (isBlank(text[at])) at++
    if (at >= text.length) return terms
    if (terms.length === MAX_TERMS) throw fault(at, `A query has at most ${MAX_TERMS} terms.`)
    const { term, end } = readTerm(text, at)
    // No control character is text, nor a blank, and engines differ in what they make of one.
    if (/\p{Cc}/u.test(text.slice(at, end))) throw fault(at, 'A query has no control characters.')
    terms.push(term)
    at = end
  }
}

function isBlank(char: string | undefined): boolean {
  return char !== undefined && /(?!\p{Cc})\s/u.test(char)
}

function readTerm(text: string, position: number): { term: Term; end: number } {
  const [head = '', field, bang] = FIELD.exec(text.slice(position)) ?? []
  const start = position + head.length
  const quoted = text[start] === '"'
  const { value, end } = quoted ? readQuoted(text, start, position) : readBare(text, start)
  const named = field === undefined ? {} : { field }
  return { term: { position, ...named, negated: bang === '!', value, quoted }, end }
}

function readBare(text: string, start: number): { value: string; end: number } {
  let end = start
  while (end < text.length && !isBlank(text[end])) end++
  return { value: text.slice(start, end), end }
}

function readQuoted(text: string, start: number, position: number): { value: string; end: number } {
  let value = ''
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      const end = at + 1
      if (end < text.length && !isBlank(text[end])) throw fault(position, 'Text follows a closing quote.')
      return { value, end }
    }
    if (char !== '\\') {
      value += char
      continue
    }
    const escaped = text[++at]
    if (escaped !== '"' && escaped !== '\\') throw fault(position, 'A backslash escapes only " and \\.')
    value += escaped
  }
  throw fault(position, 'A quote is not closed.')
}

function toNode(term: Term, fields: FieldTable): Filter {
  const { position, field, negated, value } = term
  if (value === '') throw fault(position, 'A value is empty.')
  if (field === undefined) return toText(term)
  const known = Object.hasOwn(fields, field) ? fields[field] : undefined
  if (known === undefined) throw fault(position, 'There is no such field.')
  const node = toCondition(term, known)
  return negated ? not(node) : node
}

/** A bare word. A quote or a colon inside means that something else was meant. */
function toText({ position, value, quoted }: Term): Filter {
  if (!quoted && value.includes('"')) throw fault(position, 'A quote stands inside a word.')
  if (!quoted && value.includes(':')) throw fault(position, 'There is no such field.')
  return { type: 'text', value }
}

function toCondition(term: Term, field: Field): Filter {
  const { position, value, quoted } = term
  if (quoted) return eq(field.path, cast(value, field, position))
  const [, symbol = '', operand = ''] = /^(>=|<=|>|<)?(.*)$/su.exec(value) ?? []
  if (symbol !== '') return toComparison(term, field, symbol, operand)
  if (value.includes('"')) throw fault(position, 'A quote stands inside a value.')
  if (value.endsWith('*')) return toPrefix(term, field)
  return eq(field.path, cast(value, field, position))
}

const OPERATORS: Readonly<Record<string, CompareNode['operator']>> = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' }

function toComparison({ position }: Term, field: Field, symbol: string, operand: string): Filter {
  const operator = OPERATORS[symbol]
  const ordered = field.type === 'number' || field.type === 'date'
  if (!ordered || operator === undefined) throw fault(position, 'Only numbers and dates can be compared.')
  if (operand === '') throw fault(position, 'A value is empty.')
  return { type: 'compare', operator, path: field.path, value: cast(operand, field, position) }
}

function toPrefix({ position, value }: Term, { path, type }: Field): Filter {
  const prefix = value.slice(0, -1)
  if (type !== 'string') throw fault(position, 'Only text can be searched by how it starts.')
  if (prefix === '') throw fault(position, 'A value is empty.')
  return { type: 'prefix', path, value: prefix }
}

function cast(text: string, { type }: Field, position: number): Scalar {
  switch (type) {
    case 'string':
      return text
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw fault(position, 'The value must be true or false.')
      return text === 'true'
    case 'number':
      return castNumber(text) ?? reject(position, 'The value must be a number.')
    case 'date':
      return castDate(text) ?? reject(position, 'The value must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z.')
  }
}

function reject(position: number, message: string): never {
  throw fault(position, message)
}
