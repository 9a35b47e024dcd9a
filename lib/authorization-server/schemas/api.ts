import { createValidate, type Schema } from './validate.js'

const description: Schema = { type: 'string', maxLength: 500, format: 'plain-text' }

const permission: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['value'],
  properties: {
    value: { type: 'string', minLength: 1, maxLength: 280, format: 'permission-value' },
    description,
    deprecated: { type: 'boolean' },
  },
}

/** What may be changed. Lengths count code points, times are seconds. */
const changeable: Readonly<Record<string, Schema>> = {
  name: { type: 'string', minLength: 1, maxLength: 200, format: 'visible-text' },
  slug: { type: 'string', minLength: 1, maxLength: 200, format: 'slug' },
  description,
  permissions: { type: 'array', maxItems: 1000, uniqueBy: 'value', items: permission },
  signing_alg: { type: 'string', enum: ['RS256'] },
  token_dialect: { type: 'string', enum: ['access_token', 'access_token_authz'] },
  token_lifetime: { type: 'integer', minimum: 60, maximum: 2_592_000 },
  enforce_policies: { type: 'boolean' },
  allow_offline_access: { type: 'boolean' },
  skip_consent: { type: 'boolean' },
}

/** An identifier, wherever one stands: as an API's own, and in clients that are granted it. */
export const IDENTIFIER: Schema = { type: 'string', minLength: 1, maxLength: 600, format: 'identifier' }

export const API_CREATION: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'identifier'],
  properties: { ...changeable, identifier: IDENTIFIER },
}

export const API_UPDATE: Schema = { type: 'object', additionalProperties: false, properties: changeable }

const READ_ONLY = ['id', 'is_system', 'createdAt', 'updatedAt', 'account', 'revision']

export const validateApiCreation = createValidate(API_CREATION, READ_ONLY)
export const validateApiUpdate = createValidate(API_UPDATE, [...READ_ONLY, 'identifier'])
