import type { Clock } from '../../clock.js'
import type { GrantRecord } from '../../store/user-records.js'
import type { Emit } from '../context/events.js'
import type { Origin } from '../context/origin.js'
import type { Grants } from './grants.js'
import { invalidGrant } from './invalid-grant.js'
import { oneWay } from '../context/one-way.js'
import { isOfFamily, type PresentedRefreshToken, readRefreshToken, successorOf } from './refresh-tokens.js'

/** How far the clocks of two processes may be apart, in milliseconds; one that was set back further grants no grace. */
export const CLOCK_SKEW = 60_000

/** A refresh token that may be used now, and its family. */
export interface GoodRefreshToken {
  presented: PresentedRefreshToken
  grant: GrantRecord
  secret: string
  /** Who presents it. */
  origin: Origin
}

export interface RotationServices {
  grants: Grants
  clock: Clock
  /** Seconds. */
  refreshGrace: number
  emit: Emit
}

/**
 * Finds the family of a refresh token. Another client, and a token that only looks like one of the family, change nothing. A
 * genuine one that was replaced ends the family, unless it is the last one replaced and that within the grace
 * (RFC 9700 §4.14.2).
 *
 * @throws InvalidGrantError
 * @throws StoreUnavailableError
 */
export async function findRefreshToken(
  { account, clientId, token, origin }: { account: string; clientId: string; token: string; origin: Origin },
  services: RotationServices,
): Promise<GoodRefreshToken> {
  const { grants, clock } = services
  const presented = readRefreshToken(token)
  const grant = presented === undefined ? null : await grants.get(account, presented.grantId)
  const secret = grant?.family_secret
  if (presented === undefined || grant === null || secret === undefined || !isGenuine(presented, grant, secret)) {
    throw invalidGrant('unknown_refresh_token')
  }
  if (grant.client_id !== clientId) throw invalidGrant('other_clients_refresh_token')
  if (clock.now() >= grant.expires_at.getTime()) throw invalidGrant('grant_ended')
  if (standingOf(presented, grant, services) === 'replaced') throw await endReused(grant, origin, services)
  return { presented, grant, secret, origin }
}

/**
 * Puts the successor in the token's place, by compare-and-set. Callers at once, and those within the grace, get the same one.
 *
 * @returns the refresh token to use from now on
 * @throws InvalidGrantError
 * @throws StoreUnavailableError
 */
export async function rotate(
  { presented, grant, secret, origin }: GoodRefreshToken,
  services: RotationServices,
): Promise<string> {
  const successor = successorOf(presented, secret)
  const hash = oneWay(successor)
  let standing: Standing = 'replaced'
  const kept = await services.grants.change(grant, present => {
    standing = standingOf(presented, present, services)
    if (standing !== 'current') return present
    return { ...present, token_hash: hash, previous_hash: presented.hash, rotated_at: new Date(services.clock.now()) }
  })
  if (kept === null) throw invalidGrant('grant_ended')
  if (standing === 'replaced') throw await endReused(kept, origin, services)
  return successor
}

/** Was it given out by us? Those that are in use are known by their hashes, which spares the look at their making. */
function isGenuine(
  presented: PresentedRefreshToken,
  { token_hash, previous_hash }: GrantRecord,
  secret: string,
): boolean {
  const { hash } = presented
  return hash === token_hash || hash === previous_hash || isOfFamily(presented, secret)
}

/** `recent`: it was replaced so recently that it is still good for the same successor. */
type Standing = 'current' | 'recent' | 'replaced'

function standingOf(
  { hash }: PresentedRefreshToken,
  { token_hash, previous_hash, rotated_at }: GrantRecord,
  { clock, refreshGrace }: RotationServices,
): Standing {
  if (hash === token_hash) return 'current'
  if (hash !== previous_hash || rotated_at === undefined || refreshGrace === 0) return 'replaced'
  const age = clock.now() - rotated_at.getTime()
  return age < refreshGrace * 1000 && age > -CLOCK_SKEW ? 'recent' : 'replaced'
}

async function endReused(grant: GrantRecord, origin: Origin, { grants, emit }: RotationServices): Promise<Error> {
  const { account, client_id: clientId, id: grantId, user, audience } = grant
  const isEnded = await grants.end(grant, origin)
  if (isEnded) emit({ type: 'refresh.reused', account, clientId, grantId, user, audience, ...origin })
  return invalidGrant('reused_refresh_token')
}
