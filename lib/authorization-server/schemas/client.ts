import { IDENTIFIER } from './api.js'
import { createValidate, type Schema } from './validate.js'

const apiGrant: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['audience', 'scope'],
  properties: {
    audience: IDENTIFIER,
    scope: {
      type: 'array',
      maxItems: 1000,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, maxLength: 280, format: 'scope-token' },
    },
  },
}

const uris = (format: string): Schema => ({
  type: 'array',
  maxItems: 100,
  uniqueItems: true,
  items: { type: 'string', minLength: 1, maxLength: 2000, format },
})

/** What may be given and changed. Times are seconds. */
const properties: Readonly<Record<string, Schema>> = {
  name: { type: 'string', minLength: 1, maxLength: 200, format: 'visible-text' },
  description: { type: 'string', maxLength: 500, format: 'plain-text' },
  application_type: { type: 'string', enum: ['web', 'native', 'spa', 'm2m'] },
  is_first_party: { type: 'boolean' },
  token_endpoint_auth_method: { type: 'string', enum: ['client_secret_basic', 'client_secret_post', 'none'] },
  grant_types: {
    type: 'array',
    maxItems: 3,
    uniqueItems: true,
    items: { type: 'string', enum: ['client_credentials', 'authorization_code', 'refresh_token'] },
  },
  callbacks: uris('redirect-uri'),
  web_origins: uris('web-origin'),
  logout_urls: uris('redirect-uri'),
  require_pkce: { type: 'boolean' },
  refresh_token: {
    type: 'object',
    additionalProperties: false,
    properties: { token_lifetime: { type: 'integer', minimum: 60, maximum: 31_536_000 } },
  },
  api_grants: { type: 'array', maxItems: 100, uniqueBy: 'audience', items: apiGrant },
  default_audience: IDENTIFIER,
}

export const CLIENT_CREATION: Schema = { type: 'object', additionalProperties: false, required: ['name'], properties }
export const CLIENT_UPDATE: Schema = { type: 'object', additionalProperties: false, properties }
export const SECRET_CREATION: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: { expires_at: { type: 'string', format: 'instant' } },
}

const READ_ONLY = ['id', 'client_id', 'client_secret', 'secrets', 'createdAt', 'updatedAt', 'account', 'revision']

export const validateClientCreation = createValidate(CLIENT_CREATION, READ_ONLY)
export const validateClientUpdate = createValidate(CLIENT_UPDATE, READ_ONLY)
export const validateSecretCreation = createValidate(SECRET_CREATION, ['id', 'created_at', 'client_secret'])
