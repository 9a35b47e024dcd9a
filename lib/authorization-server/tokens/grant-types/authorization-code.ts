import { InvalidRequestError } from '../../../errors.js'
import type { ClientRecord } from '../../../store/records.js'
import { findCode, useCode } from '../../grants/code-exchange.js'
import { invalidGrant } from '../../grants/invalid-grant.js'
import { createFamily } from '../../grants/refresh-tokens.js'
import { issueTokens, prepareTokens } from '../user-tokens.js'
import type { UserRights } from '../user-rights.js'
import type { Grant, TokenRequest, TokenResponse } from './grant.js'

/**
 * A client exchanges a code (RFC 6749 §4.1.3) with its verifier (RFC 7636 §4.5).
 *
 * It takes four round trips to the store, one after the other: the code, the grant, the code by compare-and-set, the grant
 * again. Where a consent was asked it is read beside the host's functions, which are asked at the same time.
 */
export const authorizationCodeGrant: Grant = {
  grantType: 'authorization_code',
  publicClients: true,
  handle: handleAuthorizationCode,
}

async function handleAuthorizationCode(request: TokenRequest): Promise<TokenResponse> {
  const { account, client, parameters, services, origin } = request
  const text = parameters.get('code')
  if (text === undefined) throw new InvalidRequestError('The code parameter is missing.', { detail: 'no_code' })
  const { users } = services
  if (users === undefined) throw invalidGrant('unknown_code')
  const [redirectUri, codeVerifier] = [parameters.get('redirect_uri'), parameters.get('code_verifier')]
  const presented = { account: account.name, clientId: client.id, code: text, redirectUri, codeVerifier, origin }
  const good = await findCode(presented, services)
  const prepared = await prepareTokens(good.grant, request, { users, isRefresh: false })
  const now = services.clock.now()
  const { isLasting } = prepared.rights
  const family = isLasting ? createFamily(good.grant.id) : undefined
  const until = new Date(now + lifetimeOf(prepared.rights, client) * 1000)
  await useCode(good, { until, family: family?.stored }, services)
  const { nonce } = good.code
  const issuedAt = Math.floor(now / 1000)
  return issueTokens(prepared, request, {
    issuedAt,
    ...(nonce !== undefined && { nonce }),
    refreshToken: family?.token,
  })
}

/** Seconds from now to the end of the grant, its refresh tokens included. */
function lifetimeOf({ isLasting, target }: UserRights, { refresh_token }: ClientRecord): number {
  return isLasting ? refresh_token.token_lifetime : target.token_lifetime
}
