import { PREVIEW as PREVIEW_BODY } from '../schemas/preview.js'
import type { OperationDescription, QueryParameter } from './operation.js'
import { closed, COUNT, FLAG, type JsonSchema, listOf, named, TEXT } from './schema.js'

const PREVIEW_REQUEST = named('PreviewRequest', PREVIEW_BODY)

const REASONS = [
  ...['not_in_catalogue', 'outside_api_grants', 'openid_scope', 'not_this_users', 'offline_access_not_allowed'],
  'client_has_no_refresh_token_grant',
]

const PREVIEW = named(
  'Preview',
  closed(
    {
      granted: FLAG,
      error: { type: 'string', description: 'The code that the token endpoint would answer with.' },
      claims: { type: ['object', 'null'], description: 'What the access token would say.' },
      dropped: listOf(closed({ scope: TEXT, reason: { type: 'string', enum: REASONS } })),
    },
    ['error', 'claims'],
  ),
)

/** `POST /apis/:apis_id/preview` */
export const PREVIEW_TOKEN: OperationDescription = {
  operationId: 'previewToken',
  summary: 'Say what a client would get of the API; nothing is signed or written',
  body: { schema: PREVIEW_REQUEST },
  answers: { 200: { description: 'What would be answered.', schema: PREVIEW } },
}

const USAGE = named('ApiUsage', closed({ results: listOf(closed({ value: TEXT, granted: COUNT })) }))

/** `GET /apis/:apis_id/usage` */
export const READ_USAGE: OperationDescription = {
  operationId: 'readApiUsage',
  summary: 'Say how often each permission was granted in the last 30 days',
  answers: { 200: { description: 'Each permission of the API.', schema: USAGE } },
}

const DRY_RUN: QueryParameter = {
  description: 'Only say what would happen, and change nothing.',
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
}

const WOULD = named(
  'DryRun',
  closed({
    would: closed(
      {
        ...{ clients: listOf(TEXT), grants: COUNT, consents: COUNT },
        permissions_removed: listOf(TEXT),
        incomplete: { const: true, description: 'A bound was reached: there is more.' },
      },
      ['incomplete'],
    ),
  }),
)

/** An update or a deletion that takes `?dry_run=true`, and then says what would happen. */
export function withDryRun(about: OperationDescription): OperationDescription {
  const present = about.answers[200]
  const schema: JsonSchema = present?.schema === undefined ? WOULD : { anyOf: [present.schema, WOULD] }
  const description =
    present === undefined
      ? 'With dry_run: what would happen.'
      : `${present.description} With dry_run: what would happen.`
  return {
    ...about,
    query: { ...about.query, dry_run: DRY_RUN },
    answers: { ...about.answers, 200: { ...present, description, schema } },
  }
}
