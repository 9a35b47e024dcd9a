import { ConflictError, InvalidTokenError, UnsupportedTokenTypeError } from '../../errors.js'
import { NOT_STORED, sendEmpty } from '../../http/respond.js'
import type { AuthInfo } from '../../resource-server/contract/types.js'
import type { AccountHandler } from '../accounts/account-router.js'
import { isOfFamily, type PresentedRefreshToken, readRefreshToken } from '../grants/refresh-tokens.js'
import { type ClientEndpointContext, createClientEndpoint, type TokenQuestion } from './client-endpoint.js'
import { withCors } from './cors.js'

/** `POST /oauth/revoke` (RFC 7009). A token that is not the client's own, or none at all, is left alone without a word. */
export function createRevocationHandler(context: ClientEndpointContext): AccountHandler {
  const endpoint = createClientEndpoint(
    {
      name: 'revocation',
      callers: { publicClients: true, scripts: true },
      async answer(question, res) {
        const presented = readRefreshToken(question.token)
        if (presented === undefined) await revokeAccessToken(question)
        else await endFamily(question, presented)
        sendEmpty(res, 200, { ...NOT_STORED, 'Content-Length': '0' })
      },
    },
    context,
  )
  return withCors('POST', context.registry, endpoint)
}

/** Any token that the family ever had will do, as long as it is a real one: who has seen one cannot make up another. */
async function endFamily(question: TokenQuestion, presented: PresentedRefreshToken): Promise<void> {
  const { context, account, client, origin } = question
  const grant = await context.grants.get(account.name, presented.grantId)
  if (grant?.family_secret === undefined || grant.client_id !== client.id) return
  if (isOfFamily(presented, grant.family_secret)) await context.grants.end(grant, origin)
}

async function revokeAccessToken({ context, account, client, token }: TokenQuestion): Promise<void> {
  let auth: AuthInfo
  try {
    auth = await context.tokenState.verify(account, token)
  } catch (error) {
    if (error instanceof InvalidTokenError) return
    throw error
  }
  if (!context.revokesAccessTokens) {
    throw new UnsupportedTokenTypeError('Access tokens cannot be revoked.', { detail: 'access_token_not_revocable' })
  }
  if (auth.clientId === client.id) await remember(context, account.name, auth)
}

/** Until the token would have ended by itself. */
async function remember(
  { records, clock, emit }: ClientEndpointContext,
  account: string,
  auth: AuthInfo,
): Promise<void> {
  const now = new Date(clock.now())
  const jti = String(auth.payload.jti)
  try {
    await records.revokedTokens.insert({
      ...{ id: jti, account, revision: 1, createdAt: now, updatedAt: now },
      expires_at: new Date(auth.expiresAt * 1000),
    })
  } catch (error) {
    // It was revoked before.
    if (error instanceof ConflictError) return
    throw error
  }
  emit({ type: 'token.revoked', account, clientId: auth.clientId, jti })
}
