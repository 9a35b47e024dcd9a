import { issueAccessToken } from '../access-token.js'
import { resolveTarget } from '../audience.js'
import { grantOwnScope, readScopeParameter } from '../scope-policy.js'
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
}: TokenRequest): Promise<TokenResponse> {
  const requested = readScopeParameter(parameters)
  const target = await resolveTarget(parameters, client, account, services.registry)
  const { scope, permissions } = grantOwnScope(requested, target)
  const signer = await services.signingKeys.signer(account.name)
  const { api } = target
  const own = { subject: client.id, clientId: client.id }
  const issued = await issueAccessToken({ account, api, ...own, scope, permissions }, signer, services)
  const { token, jti, expiresIn } = issued
  const audience = api.identifier
  services.emit({ type: 'token_issued', account: account.name, clientId: client.id, audience, scope, jti })
  return { access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope }
}
