import { issueAccessToken } from '../access-token.js'
import { resolveTarget } from '../audience.js'
import { grantOwnScope, readScopeParameter } from '../scope-policy.js'
import type { Grant, TokenRequest, TokenResponse } from './grant.js'

/** Characters of a token from which on servers and proxies refuse the header that holds it: half of Node's 16 KB. */
const LARGE_TOKEN = 8_192

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
  const target = await resolveTarget(parameters, client, account, services)
  const { scope, permissions } = grantOwnScope(requested, target)
  const signer = await services.signingKeys.signer(account.name)
  const { api } = target
  const own = { subject: client.id, clientId: client.id }
  const issued = await issueAccessToken({ account, api, ...own, scope, permissions }, signer, services)
  const { token, jti, expiresIn } = issued
  const audience = api.identifier
  const about = { account: account.name, clientId: client.id, audience }
  services.emit({ type: 'token_issued', ...about, scope, jti })
  if (token.length > LARGE_TOKEN) services.emit({ type: 'token_large', ...about, length: token.length })
  return { access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope }
}
