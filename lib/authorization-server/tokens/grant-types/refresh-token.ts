import { epochSeconds } from '../../../clock.js'
import { InvalidRequestError } from '../../../errors.js'
import { invalidGrant } from '../../grants/invalid-grant.js'
import { findRefreshToken, rotate } from '../../grants/rotation.js'
import { issueTokens, prepareTokens } from '../user-tokens.js'
import type { Grant, TokenRequest, TokenResponse } from './grant.js'

/**
 * A client gets new tokens for a refresh token, which is replaced (RFC 6749 §6, RFC 9700 §4.14.2).
 *
 * It takes two round trips to the store, one after the other: the grant, and the grant by compare-and-set.
 * Where a consent was asked it is read in between, beside the host's functions. Within the grace nothing is written.
 */
export const refreshTokenGrant: Grant = {
  grantType: 'refresh_token',
  publicClients: true,
  handle: handleRefreshToken,
}

async function handleRefreshToken(request: TokenRequest): Promise<TokenResponse> {
  const { account, client, parameters, services, origin } = request
  const token = parameters.get('refresh_token')
  if (token === undefined) {
    throw new InvalidRequestError('The refresh_token parameter is missing.', { detail: 'no_refresh_token' })
  }
  const { users } = services
  if (users === undefined) throw invalidGrant('unknown_refresh_token')
  const good = await findRefreshToken({ account: account.name, clientId: client.id, token, origin }, services)
  const prepared = await prepareTokens(good.grant, request, { users, isRefresh: true })
  const issuedAt = epochSeconds(services.clock)
  return issueTokens(prepared, request, { issuedAt, refreshToken: rotate(good, services) })
}
