import { KEY_ROTATION } from '../schemas/key.js'
import type { OperationDescription } from './operation.js'
import { REMOVED } from './management-operations.js'
import { closed, FLAG, ID, listOf, named, TIME_OR_NULL } from './schema.js'

const KEY = named(
  'SigningKey',
  closed({
    kid: ID,
    state: { type: 'string', enum: ['next', 'current', 'previous'] },
    ...{ created_at: TIME_OR_NULL, published_at: TIME_OR_NULL, activated_at: TIME_OR_NULL, retired_at: TIME_OR_NULL },
  }),
)
const KEY_LIST = named('SigningKeyList', closed({ results: listOf(KEY), next: { type: 'null' } }))
const ROTATION = named('KeyRotation', KEY_ROTATION)

const keys = (description: string) => ({ 200: { description, schema: KEY_LIST } })

/** `GET /keys` */
export const LIST_KEYS: OperationDescription = {
  operationId: 'listKeys',
  summary: 'List the signing keys of the account, without key material',
  answers: keys('The keys.'),
}
/** `POST /keys/rotate` */
export const ROTATE_KEYS: OperationDescription = {
  operationId: 'rotateKeys',
  summary: 'Let the next key sign, and make a new next one',
  body: { schema: ROTATION, isOptional: true },
  answers: keys('The keys after the rotation.'),
  refuses: [409],
}
/** `DELETE /keys/:kid` */
export const DELETE_KEY: OperationDescription = {
  operationId: 'deleteKey',
  summary: 'Delete a signing key at once: what it has signed is refused from then on',
  query: {
    replace: { description: 'Delete the current key too, and let the next one sign.', schema: FLAG },
  },
  answers: REMOVED,
  refuses: [409],
}
