import type { ApiRecord, ClientRecord } from '../../store/records.js'

/** Why a scope that was asked for is not granted. Where several reasons hold, the first of this order is named. */
export const DROP_REASONS = [
  // It belongs to OpenID Connect, and is not served: none of them without a user, `phone` and `address` never.
  'openid_scope',
  // The API enforces its policies, and has no such permission.
  'not_in_catalogue',
  // The client's `api_grants` do not name it.
  'outside_api_grants',
  // The host says that this user may not have it.
  'not_this_users',
  // The API has no `allow_offline_access`.
  'offline_access_not_allowed',
  'client_has_no_refresh_token_grant',
] as const

export type DropReason = (typeof DROP_REASONS)[number]

/**
 * Told of each scope that was asked for and is not granted, maybe more than once. Who issues tokens does not listen: the
 * decision is the same, and no reason is kept.
 */
export type OnDropped = (scope: string, reason: DropReason) => void

/** Why the client cannot have refresh tokens for the API; undefined: it can. */
export function whyNotLasting(
  { allow_offline_access }: ApiRecord,
  { grant_types }: ClientRecord,
): DropReason | undefined {
  if (!allow_offline_access) return 'offline_access_not_allowed'
  return grant_types.includes('refresh_token') ? undefined : 'client_has_no_refresh_token_grant'
}

/** Tells of what was there before and is not any more. */
export function reportDropped(
  before: readonly string[],
  after: readonly string[],
  reason: DropReason,
  onDropped: OnDropped | undefined,
): void {
  if (onDropped === undefined) return
  const kept = new Set(after)
  for (const scope of before) if (!kept.has(scope)) onDropped(scope, reason)
}
