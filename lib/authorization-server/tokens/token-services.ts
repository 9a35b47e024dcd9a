import type { Clock } from '../../clock.js'
import type { Records, Registry } from '../context/context.js'
import type { Emit } from '../context/events.js'
import type { Metering } from '../context/meter.js'
import type { Grants } from '../grants/grants.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import type { TokenState } from './token-state.js'
import type { Users } from '../users/users.js'

/** What a client gets without an entry of `api_grants`: any API of the account, or none. */
export type ApiGrantsMode = 'open' | 'required'

/** What every grant works with. */
export interface TokenServices {
  clock: Clock
  registry: Registry
  apiGrants: ApiGrantsMode
  signingKeys: SigningKeys
  records: Pick<Records, 'authorizationCodes' | 'consents' | 'grants' | 'revokedTokens'>
  grants: Grants
  tokenState: TokenState
  /** Absent: nobody signs in here. */
  users?: Users
  /** Seconds. */
  refreshGrace: number
  revokesAccessTokens: boolean
  emit: Emit
  metering: Metering
}
