import { OIDC_SCOPES } from '../../scope.js'
import type { ApiRecord, ClientRecord } from '../../store/records.js'
import type { GrantRecord } from '../../store/user-records.js'
import type { Account } from '../context/context.js'
import { invalidGrant } from '../grants/invalid-grant.js'
import type { Users } from '../users/users.js'
import type { TokenTarget } from './access-token.js'
import { ceilingFor, type Target } from './audience.js'
import { type OnDropped, reportDropped, whyNotLasting } from './dropped.js'
import { catalogueOf, invalidScope, withinPolicy } from './scope-policy.js'
import type { TokenServices } from './token-services.js'

/** Seconds that an access token for `/userinfo` alone lives. */
const USERINFO_LIFETIME = 3600

/** What a grant is worth now. */
export interface UserRights {
  target: TokenTarget
  /** What of the granted scopes may be had now: those of the API, then those of OpenID Connect. */
  scope: readonly string[]
  /** The API's permissions. Absent: there is no API. */
  catalogue?: ReadonlySet<string>
  /** May refresh tokens be had? */
  isLasting: boolean
}

/** What of a grant decides what it is worth. */
export type Authorization = Pick<GrantRecord, 'account' | 'user' | 'audience' | 'api_id' | 'consent_id' | 'scope'>

/** Whose grant it is, and who knows the rest. */
export interface RightsQuery {
  account: Account
  client: ClientRecord
  users: Users
  /** Is it for a refresh token? Then the API and the client must still allow those. */
  isRefresh: boolean
  services: Pick<TokenServices, 'registry' | 'apiGrants' | 'records'>
  onDropped?: OnDropped
}

/**
 * Applies to a grant what may have changed since the user decided: the consent, the API and its catalogue, the client's
 * ceiling, the user's own permissions. The grant itself stays as it is: what comes back is there again.
 *
 * @throws InvalidGrantError consent, API or ceiling is gone; nothing is left of the API where something was granted; a
 * refresh where there are no refresh tokens any more
 * @throws TemporarilyUnavailableError `permissionsOf` failed
 * @throws StoreUnavailableError
 */
export async function currentRights(grant: Authorization, query: RightsQuery): Promise<UserRights> {
  const [rights] = await Promise.all([applyPolicies(grant, query), assertConsent(grant, query)])
  return rights
}

async function assertConsent({ account, consent_id }: Authorization, { services }: RightsQuery): Promise<void> {
  if (consent_id === undefined) return
  if ((await services.records.consents.get(account, consent_id)) === null) throw invalidGrant('consent_removed')
}

async function applyPolicies(grant: Authorization, query: RightsQuery): Promise<UserRights> {
  const own = grant.scope.filter(scope => OIDC_SCOPES.has(scope) && scope !== 'offline_access')
  if (grant.api_id === undefined) {
    const target = { identifier: grant.audience, token_lifetime: USERINFO_LIFETIME } as const
    return { target: { ...target, token_dialect: 'access_token' }, scope: own, isLasting: false }
  }
  const target = await findTarget(grant, query)
  const { api } = target
  const isLasting = grant.scope.includes('offline_access') && mayLast(api, query)
  if (query.isRefresh && !isLasting) throw invalidGrant('offline_access_not_allowed')
  const permitted = await permittedScope(grant, target, query)
  const scope = [...permitted, ...own, ...(isLasting ? ['offline_access'] : [])]
  return { target: api, scope, catalogue: catalogueOf(api), isLasting }
}

/** @throws InvalidGrantError the API is gone, or is another one by its name; `api_grants` do not name it any more */
async function findTarget({ audience, api_id }: Authorization, query: RightsQuery): Promise<Target> {
  const { account, client, services } = query
  const api = await services.registry.api(account.name, audience)
  if (api === null || api.id !== api_id) throw invalidGrant('api_removed')
  const ceiling = ceilingFor(client, audience, services.apiGrants)
  if (ceiling === null || ceiling?.size === 0) throw invalidGrant('api_grant_removed')
  return ceiling === undefined ? { api } : { api, ceiling }
}

function mayLast(api: ApiRecord, { client, onDropped }: RightsQuery): boolean {
  const reason = whyNotLasting(api, client)
  if (reason !== undefined) onDropped?.('offline_access', reason)
  return reason === undefined
}

async function permittedScope(grant: Authorization, target: Target, query: RightsQuery): Promise<readonly string[]> {
  const granted = grant.scope.filter(scope => !OIDC_SCOPES.has(scope))
  if (granted.length === 0) return granted
  const { account, client, users, onDropped } = query
  const scopes = withinPolicy(granted, target, onDropped)
  const about = { user: grant.user, client, api: target.api, scopes }
  const permitted = scopes.length === 0 ? scopes : await users.permissionsOf(account, about)
  reportDropped(scopes, permitted, 'not_this_users', onDropped)
  if (permitted.length === 0) throw invalidGrant('no_permission_left')
  return permitted
}

/**
 * What one token gets: all that may be had, or those of it that are asked for (RFC 6749 §6).
 * @param requested empty: all
 * @throws InvalidScopeError something was not granted; nothing of what is asked may be had any more
 */
export function narrowScope(
  requested: readonly string[],
  { scope: granted }: GrantRecord,
  { scope }: UserRights,
): readonly string[] {
  if (requested.length === 0) return scope
  if (!requested.every(one => granted.includes(one))) throw invalidScope('scope_not_granted')
  const asked = new Set(requested)
  const narrowed = [...asked].filter(one => scope.includes(one) && !OIDC_SCOPES.has(one))
  const own = scope.filter(one => OIDC_SCOPES.has(one) && asked.has(one))
  if (narrowed.length + own.length === 0) throw invalidScope('no_scope_left')
  return [...narrowed, ...own]
}
