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

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: true, coerceTypes: false, useDefaults: false })
for (const [name, { test }] of Object.entries(FORMATS)) ajv.addFormat(name, { type: 'string', validate: test })
ajv.addKeyword({ keyword: 'uniqueBy', type: 'array', schemaType: 'string', validate: uniqueBy, errors: false })

/** No two elements have the same value in this member. */
function uniqueBy(member: string, list: readonly unknown[]): boolean {
  const values = list.flatMap(element => {
    const isObject = typeof element === 'object' && element !== null
    return isObject && Object.hasOwn(element, member) ? [(element as Record<string, unknown>)[member]] : []
  })
  return new Set(values).size === values.length
}

export type Schema = Readonly<Record<string, unknown>>

/** Checks a body against its schema; resolves nothing, coerces nothing, adds no defaults. */
export type Validate = (body: object) => void

/**
 * Compiles the check of a body.
 * @param readOnly members that are known and cannot be given
 */
export function createValidate(schema: Schema, readOnly: readonly string[] = []): Validate {
  const check: ValidateFunction = ajv.compile(schema)
  return function validate(body) {
    if (!check(body)) throw invalid((check.errors ?? []).map(error => toIssue(error, readOnly)))
  }
}

/** The refusal that names every fault. */
export function invalid(issues: readonly ValidationIssue[]): ManagementError {
  const fields = [...new Set(issues.map(({ path }) => path.split(/[.[]/, 1)[0] ?? ''))].filter(Boolean)
  return new ManagementError('validation_error', 'The request is not valid.', {
    details: { fields, issues: [...issues] },
  })
}

function toIssue(error: ErrorObject, readOnly: readonly string[]): ValidationIssue {
  const at = toPath(error.instancePath)
  const { params } = error
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = printable(String(params['additionalProperty']))
      const isReadOnly = at === '' && readOnly.includes(name)
      return { path: below(at, name), message: isReadOnly ? 'is read-only' : 'is not a known field' }
    }
    case 'required':
      return { path: below(at, String(params['missingProperty'])), message: 'is required' }
    case 'format':
      return { path: at, message: FORMATS[String(params['format'])]?.message ?? 'is not valid' }
    case 'uniqueBy':
      return { path: at, message: 'must not name a value twice' }
    case 'enum':
      return { path: at, message: `must be one of: ${(params['allowedValues'] as unknown[]).join(', ')}` }
    default:
      return { path: at, message: error.message ?? 'is not valid' }
  }
}

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** `/permissions/0/value` as `permissions[0].value`. */
function toPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : below(path, part)), '')
}

/** A name that the caller made up, short and visible. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
