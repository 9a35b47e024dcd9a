import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { ManagementError, type ValidationIssue } from '../../errors.js'
import { castDate } from '../../query/cast.js'
import { OIDC_SCOPES } from '../../scope.js'
import { isIdentifier, isPlainText, isRedirectUri, isScopeToken, isVisibleText, isWebOrigin } from './grammar.js'

/** The formats of our own, each with the words for a value that is none. */
const FORMATS: Readonly<Record<string, { test: (text: string) => boolean; message: string }>> = {
  'visible-text': { test: isVisibleText, message: 'must have visible text and no control characters' },
  'plain-text': { test: isPlainText, message: 'must not have control characters' },
  identifier: {
    test: isIdentifier,
    message: 'must be an absolute URL or a URN in ASCII, without fragment, user information and white space',
  },
  'scope-token': { test: isScopeToken, message: 'must be a scope-token (RFC 6749 section 3.3)' },
  'permission-value': {
    test: text => isScopeToken(text) && !OIDC_SCOPES.has(text),
    message: 'must be a scope-token (RFC 6749 section 3.3) and not a scope of OpenID Connect',
  },
  'visible-ascii': { test: text => /^[\x21-\x7e]*$/.test(text), message: 'must be visible ASCII characters' },
  slug: { test: text => /^[a-z0-9-]+$/.test(text) && /[a-z0-9]/.test(text), message: 'must match [a-z0-9-]' },
  'redirect-uri': {
    test: isRedirectUri,
    message: 'must be an absolute URI without fragment, user information and white space',
  },
  'web-origin': { test: isWebOrigin, message: 'must be an origin: scheme://host[:port]' },
  instant: {
    test: text => text.includes('T') && castDate(text) !== null,
    message: 'must be a date with time and zone (ISO 8601)',
  },
}

/** The words for a value that does not have this format; undefined: it is none of ours. */
export const messageOfFormat = (format: string): string | undefined =>
  Object.hasOwn(FORMATS, format) ? FORMATS[format]?.message : undefined

/** Faults that one answer names, at most. */
const MAX_ISSUES = 100

const SETTINGS = { strict: true, strictTypes: true, coerceTypes: false, useDefaults: false } as const

/** Tells whether a whole body is valid, and stops at its first fault. */
const ajv = createAjv(false)
/** Names every fault of one value: none of our schemas has more than a few. */
const ajvAll = createAjv(true)

function createAjv(allErrors: boolean): Ajv {
  const made = new Ajv({ ...SETTINGS, allErrors })
  for (const [name, { test }] of Object.entries(FORMATS)) made.addFormat(name, { type: 'string', validate: test })
  made.addKeyword({ keyword: 'uniqueBy', type: 'array', schemaType: 'string', validate: uniqueBy, errors: false })
  return made
}

/** No two elements have the same value in this member. */
function uniqueBy(member: string, list: readonly unknown[]): boolean {
  const values = list.flatMap(element => {
    const isObject = typeof element === 'object' && element !== null
    return isObject && Object.hasOwn(element, member) ? [(element as Record<string, unknown>)[member]] : []
  })
  return new Set(values).size === values.length
}

/** A JSON Schema, as far as ours go. */
export interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean'
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: false
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly maxItems?: number
  readonly uniqueItems?: true
  /** Of a list of objects: the member whose value no two of them share. */
  readonly uniqueBy?: string
  readonly [keyword: string]: unknown
}

/** Checks a body against its schema; resolves nothing, coerces nothing, adds no defaults. */
export type Validate = (body: object) => void

/**
 * Compiles the check of a body. A refusal names the first 100 faults, and no further ones are looked for.
 * @param readOnly members that are known and cannot be given
 */
export function createValidate(schema: Schema, readOnly: readonly string[] = []): Validate {
  const isValid: ValidateFunction = ajv.compile(schema)
  const collect = createCollector(schema, readOnly)
  return function validate(body) {
    if (isValid(body)) return
    const issues: ValidationIssue[] = []
    collect(body, '', issues)
    throw invalid(issues)
  }
}

/** Adds the faults of a value to the list, until that is full. */
type Collect = (value: unknown, path: string, issues: ValidationIssue[]) => void

const isFull = (issues: readonly ValidationIssue[]): boolean => issues.length >= MAX_ISSUES

/** A schema, member by member and element by element: so the search can end anywhere. */
function createCollector(schema: Schema, readOnly: readonly string[] = []): Collect {
  const { properties, required, items, additionalProperties, uniqueItems, uniqueBy: _member, ...own } = schema
  const check = (schema.type === 'array' ? ajv : ajvAll).compile(own)
  const collectMembers = properties && createMemberCollector(properties, required ?? [], readOnly)
  const collectElements = items && createElementCollector(items, schema)
  return (value, path, issues) => {
    if (isFull(issues)) return
    if (!check(value)) issues.push(...(check.errors ?? []).map(error => ({ path, message: messageOf(error) })))
    else if (Array.isArray(value)) collectElements?.(value, path, issues)
    else if (typeof value === 'object' && value !== null) collectMembers?.(value, path, issues)
  }
}

function createMemberCollector(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  readOnly: readonly string[],
): (value: object, path: string, issues: ValidationIssue[]) => void {
  const collectors = new Map(Object.entries(properties).map(([name, schema]) => [name, createCollector(schema)]))
  return (value, path, issues) => {
    for (const name of required) {
      if (!Object.hasOwn(value, name)) issues.push({ path: below(path, name), message: 'is required' })
    }
    for (const [name, member] of Object.entries(value)) {
      if (isFull(issues)) return
      const collect = collectors.get(name)
      if (collect !== undefined) collect(member, below(path, name), issues)
      else
        issues.push({
          path: below(path, printable(name)),
          message: readOnly.includes(name) ? 'is read-only' : 'is not a known field',
        })
    }
  }
}

function createElementCollector(
  items: Schema,
  { uniqueItems, uniqueBy: member }: Schema,
): (value: readonly unknown[], path: string, issues: ValidationIssue[]) => void {
  const collect = createCollector(items)
  const isUnique = (list: readonly unknown[]): boolean =>
    (uniqueItems === undefined || new Set(list).size === list.length) &&
    (member === undefined || uniqueBy(member, list))
  return (value, path, issues) => {
    if (!isUnique(value)) issues.push({ path, message: 'must not name a value twice' })
    for (const [at, element] of value.entries()) {
      if (isFull(issues)) return
      collect(element, `${path}[${at}]`, issues)
    }
  }
}

/** The refusal that names the faults. */
export function invalid(issues: readonly ValidationIssue[]): ManagementError {
  const fields = [...new Set(issues.map(({ path }) => path.split(/[.[]/, 1)[0] ?? ''))].filter(Boolean)
  return new ManagementError('validation_error', 'The request is not valid.', {
    details: { fields, issues: [...issues] },
  })
}

function messageOf({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'format':
      return FORMATS[String(params['format'])]?.message ?? 'is not valid'
    case 'enum':
      return `must be one of: ${(params['allowedValues'] as unknown[]).join(', ')}`
    default:
      return message ?? 'is not valid'
  }
}

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** A name that the caller made up, short and visible. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
