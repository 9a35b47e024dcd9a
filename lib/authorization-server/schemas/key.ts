import { createValidate, type Schema } from './validate.js'

export const KEY_ROTATION: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: { force: { type: 'boolean' } },
}

export const validateKeyRotation = createValidate(KEY_ROTATION)
