import { MANAGEMENT_STATUS } from '../../errors.js'
import type { Answer, HeaderName, PlacedOperation, Refusals } from './operation.js'
import { closed, COUNT, type JsonSchema, listOf, named, TEXT } from './schema.js'

const codesOf = (status: number): string[] =>
  Object.entries(MANAGEMENT_STATUS).flatMap(([code, own]) => (own === status ? [code] : []))

const ISSUE = named('ValidationIssue', closed({ path: TEXT, message: TEXT }))

const MANAGEMENT_ERROR = named(
  'ManagementError',
  closed({
    status: { type: 'integer' },
    error_code: { type: 'string', enum: Object.keys(MANAGEMENT_STATUS) },
    message: TEXT,
    details: closed({ fields: listOf(TEXT), issues: listOf(ISSUE), position: COUNT }, ['fields', 'issues', 'position']),
  }),
)

const OAUTH_ERROR = named('OAuthError', closed({ error: TEXT, error_description: TEXT }))

/** The codes that stand in `error`, by status. */
const OAUTH_CODES: Readonly<Record<number, readonly string[]>> = {
  400: [
    ...['invalid_request', 'unsupported_grant_type', 'unauthorized_client', 'invalid_target', 'invalid_scope'],
    ...['invalid_grant', 'unsupported_token_type'],
  ],
  401: ['invalid_client', 'invalid_token', 'unauthorized'],
  403: ['insufficient_scope'],
  404: ['not_found'],
  405: ['invalid_request'],
  413: ['invalid_request'],
  429: ['temporarily_unavailable'],
  500: ['server_error'],
  503: ['temporarily_unavailable'],
}

/** The same fault with the codes that go with its status alone. */
const narrowed = (base: JsonSchema, properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  allOf: [base, { properties }],
})

const REFUSAL: Readonly<Record<Refusals, (status: number) => Answer>> = {
  management(status) {
    const codes = codesOf(status)
    const properties = { status: { const: status }, error_code: { enum: codes } }
    return { description: codes.join(', '), schema: narrowed(MANAGEMENT_ERROR, properties) }
  },
  oauth(status) {
    const codes = OAUTH_CODES[status] ?? []
    return { description: codes.join(', '), schema: narrowed(OAUTH_ERROR, { error: { enum: codes } }) }
  },
  page: status => ({ description: `A page that says why (${status}).`, isPage: true }),
}

/** What every operation may answer besides what its description names. */
export function commonRefusals({
  refusals,
  security,
}: Pick<PlacedOperation, 'refusals' | 'security'>): readonly number[] {
  const isOpen = security.some(scheme => Object.keys(scheme).length === 0)
  if (refusals === 'page') return [400, 404, 500, 503]
  return refusals === 'oauth' || isOpen ? [404, 500, 503] : [400, 401, 403, 404, 429, 500, 503]
}

const HEADERS: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
}

/** A refusal, by the kind of the operation and its status. */
export function refusalOf(kind: Refusals, status: number): Answer {
  const headers = HEADERS[status]
  return { ...REFUSAL[kind](status), ...(headers !== undefined && { headers }) }
}
