import { createValidate, type Schema } from './validate.js'

/** What a preview asks for. Lengths count code points; a longer scope does not fit in a token request either. */
export const PREVIEW: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['client_id'],
  properties: {
    client_id: { type: 'string', minLength: 1, maxLength: 200, format: 'visible-ascii' },
    scope: { type: 'string', maxLength: 65_536 },
    grant_type: { type: 'string', enum: ['client_credentials', 'authorization_code', 'refresh_token'] },
    user: { type: 'string', minLength: 1, maxLength: 255, format: 'visible-ascii' },
  },
}

export const validatePreview = createValidate(PREVIEW)
