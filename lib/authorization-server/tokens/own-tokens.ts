import type { ClientRecord } from '../../store/records.js'
import type { Account } from '../context/context.js'
import type { AccessTokenGrant } from './access-token.js'
import type { Target } from './audience.js'
import type { OnDropped } from './dropped.js'
import { grantOwnScope } from './scope-policy.js'

/** What a client asks for itself. */
export interface OwnRequest {
  account: Account
  client: ClientRecord
  /** Empty: all that it may have. */
  requested: readonly string[]
  target: Target
}

/**
 * Decides what the token of a client that asks for itself says (RFC 6749 §4.4). Reads nothing, signs nothing.
 * @throws InvalidScopeError nothing of what was asked, or of what the client may have, is left
 */
export function decideOwnToken(
  { account, client, requested, target }: OwnRequest,
  onDropped?: OnDropped,
): AccessTokenGrant {
  const { scope, permissions } = grantOwnScope(requested, target, onDropped)
  return { account, api: target.api, subject: client.id, clientId: client.id, scope, permissions }
}
