import { epochOf } from '../../clock.js'
import { InvalidTokenError } from '../../errors.js'
import { NOT_STORED, sendJson } from '../../http/respond.js'
import { formatScope } from '../../scope.js'
import type { ClientRecord } from '../../store/records.js'
import type { AccountHandler } from '../accounts/account-router.js'
import { MANAGEMENT_AUDIENCE } from '../context/context.js'
import { type PresentedRefreshToken, readRefreshToken } from '../grants/refresh-tokens.js'
import { type ClientEndpointContext, createClientEndpoint, type TokenQuestion } from './client-endpoint.js'

/** Everything that is not active looks like this, whatever it is (RFC 7662 §2.2). */
const INACTIVE = { active: false }

/** `POST /oauth/introspect` (RFC 7662), for clients with a secret. */
export function createIntrospectionHandler(context: ClientEndpointContext): AccountHandler {
  return createClientEndpoint(
    {
      name: 'introspection',
      callers: { publicClients: false, scripts: false },
      async answer(question, res) {
        const presented = readRefreshToken(question.token)
        const found =
          presented === undefined
            ? await describeAccessToken(question)
            : await describeRefreshToken(question, presented)
        sendJson(res, 200, found ?? INACTIVE, NOT_STORED)
      },
    },
    context,
  )
}

async function describeAccessToken({ context, account, client, token }: TokenQuestion): Promise<object | undefined> {
  const { tokenState: state } = context
  try {
    const auth = await state.verify(account, token)
    const { aud, iss, exp, iat, sub, scope, permissions, jti } = auth.payload
    if (auth.clientId !== client.id && !mayAskAbout(client, String(aud))) return undefined
    await state.resolve(account, auth)
    const granted = permissions !== undefined && { permissions }
    return {
      active: true,
      scope,
      client_id: auth.clientId,
      sub,
      aud,
      iss,
      exp,
      iat,
      jti,
      token_type: 'Bearer',
      ...granted,
    }
  } catch (error) {
    if (error instanceof InvalidTokenError) return undefined
    throw error
  }
}

/** May the client know what tokens of others for this audience are worth? */
function mayAskAbout({ api_grants = [] }: ClientRecord, audience: string): boolean {
  return api_grants.some(
    grant => grant.audience === audience || (grant.audience === MANAGEMENT_AUDIENCE && grant.scope.length > 0),
  )
}

/** Its own client alone may know of it; one that was rotated, or could not be used now, is none. */
async function describeRefreshToken(
  { context, account, client }: TokenQuestion,
  { grantId, hash }: PresentedRefreshToken,
): Promise<object | undefined> {
  const grant = await context.grants.get(account.name, grantId)
  if (grant === null || grant.client_id !== client.id || grant.token_hash !== hash) return undefined
  if (!client.grant_types.includes('refresh_token')) return undefined
  const { user, audience, scope, rotated_at, createdAt, expires_at } = grant
  const api = await context.registry.api(account.name, audience)
  if (api === null || api.id !== grant.api_id || !api.allow_offline_access) return undefined
  return {
    active: true,
    scope: formatScope(scope),
    client_id: client.id,
    sub: user,
    aud: audience,
    iss: account.issuer,
    exp: epochOf(expires_at),
    iat: epochOf(rotated_at ?? createdAt),
  }
}
