import { epochSeconds } from '../../../clock.js'
import { issueAccessToken } from '../access-token.js'
import { resolveTarget } from '../audience.js'
import { decideOwnToken } from '../own-tokens.js'
import { reportIssued } from '../report-issued.js'
import { readScopeParameter } from '../scope-policy.js'
import type { Grant, TokenRequest, TokenResponse } from './grant.js'

/** A confidential client asks for itself (RFC 6749 §4.4). There is no refresh token. */
export const clientCredentialsGrant: Grant = {
  grantType: 'client_credentials',
  publicClients: false,
  handle: handleClientCredentials,
}

async function handleClientCredentials({
  account,
  client,
  parameters,
  services,
  origin,
}: TokenRequest): Promise<TokenResponse> {
  const requested = readScopeParameter(parameters)
  const target = await resolveTarget(parameters, client, account, services)
  const own = decideOwnToken({ account, client, requested, target })
  const signer = await services.signingKeys.signer(account.name)
  const issued = await issueAccessToken(own, signer, epochSeconds(services.clock))
  reportIssued(own, issued, origin, services)
  return { access_token: issued.token, token_type: 'Bearer', expires_in: issued.expiresIn, scope: own.scope }
}
