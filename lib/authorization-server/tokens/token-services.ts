import type { Clock } from '../../clock.js'
import type { Registry } from '../context/context.js'
import type { Emit } from '../context/events.js'
import type { SigningKeys } from '../keys/signing-keys.js'

/** What a client gets without an entry of `api_grants`: any API of the account, or none. */
export type ApiGrantsMode = 'open' | 'required'

/** What every grant works with. */
export interface TokenServices {
  clock: Clock
  registry: Registry
  apiGrants: ApiGrantsMode
  signingKeys: SigningKeys
  emit: Emit
}
