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

async function handleClientCredentials(request: TokenRequest): Promise<TokenResponse> {
  const { account, client, parameters, emit } = request
  const requested = readScopeParameter(parameters)
  const target = await resolveTarget(parameters, client, request)
  const granted = grantOwnScope(requested, target)
  const signer = await request.signingKeys.signer(account.name)
  const { token, jti, expiresIn } = await issueAccessToken(
    { account, api: target.api, subject: client.id, clientId: client.id, ...granted },
    { ...request, signer },
  )
  const audience = target.api.identifier
  emit({ type: 'token_issued', account: account.name, clientId: client.id, audience, scope: granted.scope, jti })
  return { access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope: granted.scope }
}
