import { formatScope, OIDC_SCOPES } from '../../scope.js'
import type { GrantRecord } from '../../store/user-records.js'
import type { Signer } from '../keys/signing-keys.js'
import { releasedClaims } from '../users/user-claims.js'
import type { UserClaims } from '../users/users-option.js'
import { type AccessTokenGrant, issueAccessToken } from './access-token.js'
import { invalidTarget, requestedAudience } from './audience.js'
import type { TokenRequest, TokenResponse } from './grant-types/grant.js'
import { issueIdToken } from './id-token.js'
import { reportIssued } from './report-issued.js'
import { readScopeParameter } from './scope-policy.js'
import { currentRights, narrowScope, type RightsQuery, type UserRights } from './user-rights.js'

/** Everything that tokens need, before a code or a refresh token is used up for them. */
export interface PreparedTokens {
  grant: GrantRecord
  rights: UserRights
  scope: readonly string[]
  signer: Signer
  /** Absent: no ID token is asked for. */
  claims?: UserClaims
}

/**
 * Does all that can be refused and all that can fail: from here on there are a compare-and-set and signatures.
 * Store, host and keys are asked at the same time.
 *
 * @throws InvalidGrantError, InvalidScopeError, InvalidTargetError
 * @throws TemporarilyUnavailableError one of the host's functions failed
 * @throws StoreUnavailableError
 */
export async function prepareTokens(
  grant: GrantRecord,
  { account, client, parameters, services }: TokenRequest,
  { users, isRefresh }: Pick<RightsQuery, 'users' | 'isRefresh'>,
): Promise<PreparedTokens> {
  const requested = readScopeParameter(parameters)
  const audience = requestedAudience(parameters)
  if (audience !== undefined && audience !== grant.audience) throw invalidTarget('audience_not_granted')
  // These are the same whatever the user may still have of the API.
  const own = grant.scope.filter(scope => OIDC_SCOPES.has(scope) && isAsked(scope, requested))
  const [rights, signer, claims] = await Promise.all([
    currentRights(grant, { account, client, users, isRefresh, services }),
    services.signingKeys.signer(account.name),
    own.includes('openid') ? releasedClaims(users, account, grant, own) : undefined,
  ])
  const scope = narrowScope(requested, grant, rights)
  return { grant, rights, scope, signer, ...(claims !== undefined && { claims }) }
}

function isAsked(scope: string, requested: readonly string[]): boolean {
  return requested.length === 0 || requested.includes(scope)
}

/** What the access token says that a grant is worth. Reads nothing, signs nothing. */
export function decideUserToken(
  { grant, rights, scope }: Pick<PreparedTokens, 'rights' | 'scope'> & { grant: { user: string; id?: string } },
  { account, client }: Pick<TokenRequest, 'account' | 'client'>,
): AccessTokenGrant {
  return {
    ...{ account, api: rights.target, subject: grant.user, clientId: client.id, grantId: grant.id },
    scope: formatScope(scope),
    permissions: scope.filter(one => rights.catalogue?.has(one)),
  }
}

/**
 * Signs the access token, then the ID token, which has its hash.
 * @param issuedAt seconds
 * @param refreshToken on its way: nothing is issued where it rejects. The access token is signed meanwhile
 */
export async function issueTokens(
  prepared: PreparedTokens,
  request: TokenRequest,
  {
    issuedAt,
    nonce,
    refreshToken,
  }: { issuedAt: number; nonce?: string; refreshToken: Promise<string> | string | undefined },
): Promise<TokenResponse> {
  const { grant, signer, claims } = prepared
  const { account, client, services, origin } = request
  const own = decideUserToken(prepared, request)
  const [issued, refresh_token] = await Promise.all([issueAccessToken(own, signer, issuedAt), refreshToken])
  const { token, expiresIn } = issued
  const about = { account, userId: grant.user, clientId: client.id, nonce, authTime: grant.auth_time }
  const idToken = claims && (await issueIdToken({ ...about, claims, accessToken: token }, signer, issuedAt))
  reportIssued(own, issued, origin, services)
  return {
    ...{ access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope: own.scope },
    ...(refresh_token !== undefined && { refresh_token }),
    ...(idToken !== undefined && { id_token: idToken }),
  }
}
