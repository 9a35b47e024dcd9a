import type { Clock } from '../../clock.js'
import type { SecretUses } from '../clients/secret-uses.js'
import type { AuthorizeAdmin, Records, Registry } from '../context/context.js'
import type { ApiGrantsMode } from '../tokens/token-services.js'
import type { Users } from '../users/users.js'
import type { Limits } from '../limits/limits.js'
import type { Metering } from '../context/meter.js'
import type { Grants } from '../grants/grants.js'
import type { KeyManagement } from '../keys/key-management.js'
import type { Emit } from '../context/events.js'
import type { Log } from '../log/log.js'
import type { Managers } from './managers.js'

/** What the management API works with. */
export interface ServerContext {
  clock: Clock
  records: Records
  registry: Registry
  grants: Grants
  secretUses: SecretUses
  limits: Pick<Limits, 'failure' | 'management'>
  /** The signing keys: listed, rotated, deleted. */
  keys: KeyManagement
  /** Sees to it that somebody can manage each account. */
  managers: Managers
  apiGrants: ApiGrantsMode
  /** Absent: nobody signs in here. */
  users?: Users
  emit: Emit
  log: Log
  /** Proves that the call may use the management scope: by bearer token of this account, or by the host's own check. */
  authorizeAdmin: AuthorizeAdmin
  metering: Metering
}
