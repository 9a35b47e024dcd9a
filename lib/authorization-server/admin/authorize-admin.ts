import { OAuthError, UnauthenticatedError } from '../../errors.js'
import type { HttpRequest } from '../../http/handler.js'
import { type Authenticate, createAuthenticate } from '../../resource-server/guard/authenticate.js'
import { challengesOf } from '../../resource-server/guard/challenges.js'
import { insufficient, refuse } from '../../resource-server/contract/refuse.js'
import type { AccessTokenClaims, AuthInfo } from '../../resource-server/contract/types.js'
import {
  type Account,
  type AuthorizeAdmin,
  MANAGEMENT_AUDIENCE,
  type Records,
  type Registry,
} from '../context/context.js'
import { managementScopes } from './managers.js'
import { attributeToClient } from './refusals.js'
import type { OwnVerifiers } from '../tokens/own-verifiers.js'

/**
 * The default check of management calls: a bearer token of this account's issuer for the management API, verified as any
 * backend verifies it, with the scope. The keys are read in this process: no socket is opened. The client is looked up:
 * where it is gone its tokens are too, and where it was narrowed they are worth what it still holds. Where access tokens
 * can be revoked, the token is looked up as well.
 */
export function createAuthorizeAdmin(services: AdminCheckServices): AuthorizeAdmin {
  const { registry, revokedTokens, verifiers } = services

  function authenticatorOf(account: Account): Authenticate {
    if (revokedTokens === undefined) return createAuthenticate(verifiers(account, MANAGEMENT_AUDIENCE))
    const isRevoked = async ({ jti = '' }: Readonly<AccessTokenClaims>): Promise<boolean> =>
      (await revokedTokens.get(account.name, jti)) !== null
    return createAuthenticate(verifiers(account, MANAGEMENT_AUDIENCE), { isRevoked })
  }

  async function scopesOf(auth: AuthInfo, account: Account): Promise<string[]> {
    const client = await registry.client(account.name, auth.clientId)
    if (client === null) throw refuse('client_deleted')
    const ceiling = new Set(managementScopes(client.api_grants))
    return (auth.permissions ?? auth.scopes).filter(scope => ceiling.has(scope))
  }

  return async function authorizeAdmin(req, scope, account) {
    try {
      const auth = await authenticatorOf(account)(req)
      if (auth === undefined) throw new UnauthenticatedError('An access token is needed', { detail: 'no_credential' })
      const scopes = await scopesOf(auth, account)
      if (scopes.includes(scope)) return { scopes, actor: auth.clientId }
      throw attributeToClient(insufficient('scope_missing', auth), auth)
    } catch (error) {
      throw withChallenge(error, req, scope, account)
    }
  }
}

interface AdminCheckServices {
  verifiers: OwnVerifiers
  registry: Registry
  /** Absent: access tokens cannot be revoked. */
  revokedTokens?: Records['revokedTokens']
}

function withChallenge(error: unknown, req: HttpRequest, scope: string, account: Account): unknown {
  if (!(error instanceof OAuthError)) return error
  const challenge = challengesOf(error, req, [scope], { realm: account.issuer })
  if (challenge !== undefined) error.headers = { ...error.headers, 'WWW-Authenticate': challenge }
  return error
}
