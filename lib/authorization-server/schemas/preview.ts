import { createValidate, type Schema } from './validate.js'

/** Code points of `scope`: a longer one does not fit in a token request either. */
const MAX_SCOPE = 65_536

/** What a preview asks for. Lengths count code points. */
export const PREVIEW: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['client_id'],
  properties: {
    client_id: { type: 'string', minLength: 1, maxLength: 200, format: 'visible-ascii' },
    scope: { type: 'string', maxLength: MAX_SCOPE },
    grant_type: { type: 'string', enum: ['client_credentials', 'authorization_code', 'refresh_token'] },
    user: { type: 'string', minLength: 1, maxLength: 255, format: 'visible-ascii' },
  },
}

export const validatePreview = createValidate(PREVIEW)
