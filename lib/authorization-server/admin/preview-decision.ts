import { OIDC_SCOPES } from '../../scope.js'
import type { ApiRecord, ClientRecord, GrantType } from '../../store/records.js'
import { availableScope, SERVED } from '../authorize/available-scope.js'
import { assertPermitted, permittedOf } from '../authorize/verdict.js'
import type { Account } from '../context/context.js'
import type { AccessTokenGrant } from '../tokens/access-token.js'
import { resolveTarget } from '../tokens/audience.js'
import { type OnDropped, reportDropped } from '../tokens/dropped.js'
import { GRANTS } from '../tokens/grant-types/index.js'
import { decideOwnToken } from '../tokens/own-tokens.js'
import { readScopeParameter } from '../tokens/scope-policy.js'
import { assertGrantOf } from '../tokens/token-router.js'
import { currentRights } from '../tokens/user-rights.js'
import { decideUserToken } from '../tokens/user-tokens.js'
import type { Users } from '../users/users.js'
import type { ServerContext } from './admin-context.js'

/** A token that nobody asks for: who would, and for what. */
export interface PreviewedGrant {
  account: Account
  client: ClientRecord
  api: ApiRecord
  /** The parameter `scope`. */
  scope: string
  grantType: GrantType
  /** Who is signed in; absent with client credentials. */
  signedIn?: { id: string; users: Users } | undefined
  services: Pick<ServerContext, 'registry' | 'apiGrants' | 'records' | 'clock'>
  onDropped: OnDropped
}

/**
 * Decides as the token endpoint does, and before it `/authorize` where the user allows all that is asked.
 * @throws OAuthError, AuthorizationRefusal what the client would be told
 */
export async function decideToken(wanted: PreviewedGrant): Promise<AccessTokenGrant> {
  const { client, grantType, signedIn } = wanted
  const grant = GRANTS.get(grantType)
  if (grant === undefined) throw new TypeError(`no grant type: ${grantType}`)
  assertGrantOf(client, grant)
  if (signedIn === undefined) return decideOwn(wanted)
  return grantType === 'refresh_token' ? decideRefresh(wanted, signedIn) : decideCode(wanted, signedIn)
}

type SignedIn = NonNullable<PreviewedGrant['signedIn']>

function parametersOf({ api, scope }: PreviewedGrant): ReadonlyMap<string, string> {
  return new Map([
    ['audience', api.identifier],
    ['scope', scope],
  ])
}

async function decideOwn(wanted: PreviewedGrant): Promise<AccessTokenGrant> {
  const { account, client, services, onDropped } = wanted
  const parameters = parametersOf(wanted)
  const requested = readScopeParameter(parameters)
  const target = await resolveTarget(parameters, client, account, services)
  return decideOwnToken({ account, client, requested, target }, onDropped)
}

/** `/authorize`, then the exchange of its code. */
async function decideCode(wanted: PreviewedGrant, signedIn: SignedIn): Promise<AccessTokenGrant> {
  const { account, client, services, onDropped } = wanted
  const parameters = parametersOf(wanted)
  const target = await resolveTarget(parameters, client, account, services)
  const { api, own } = availableScope(readScopeParameter(parameters), target, client, onDropped)
  const permitted = await permittedOf(api, target, { account, client, user: signedIn }, signedIn.users, onDropped)
  assertPermitted(api, permitted)
  return decideUser([...permitted, ...own], wanted, signedIn)
}

/** A refresh of what was authorized with these scopes; without `offline_access` there would be none. */
async function decideRefresh(wanted: PreviewedGrant, signedIn: SignedIn): Promise<AccessTokenGrant> {
  const asked = new Set(readScopeParameter(parametersOf(wanted)))
  const own = [...SERVED.filter(scope => asked.has(scope)), 'offline_access']
  const granted = [...[...asked].filter(scope => !OIDC_SCOPES.has(scope)), ...own]
  reportDropped([...asked], granted, 'openid_scope', wanted.onDropped)
  return decideUser(granted, wanted, signedIn)
}

/** What an authorization of these scopes is worth now. */
async function decideUser(
  scope: readonly string[],
  wanted: PreviewedGrant,
  { id: user, users }: SignedIn,
): Promise<AccessTokenGrant> {
  const { account, client, api, grantType, services, onDropped } = wanted
  const grant = { account: account.name, user, audience: api.identifier, api_id: api.id, scope: [...scope] }
  const isRefresh = grantType === 'refresh_token'
  const rights = await currentRights(grant, { account, client, users, isRefresh, services, onDropped })
  return decideUserToken({ grant, rights, scope: rights.scope }, { account, client })
}
