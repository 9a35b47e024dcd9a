import { InvalidTokenError, OAuthError, UnauthenticatedError } from '../../errors.js'
import { mediaType } from '../../http/body.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { assertMethod } from '../../http/method.js'
import { parseParameters } from '../../http/parameters.js'
import { NOT_STORED, sendJson } from '../../http/respond.js'
import { challengesOf } from '../../resource-server/guard/challenges.js'
import { isB64Token, malformed, readCredential } from '../../resource-server/guard/credential.js'
import { insufficient, refuse } from '../../resource-server/contract/refuse.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account } from '../context/context.js'
import type { Limits } from '../limits/limits.js'
import { releasedClaims } from '../users/user-claims.js'
import { TOKEN_BODY_LIMIT } from './client-request.js'
import { allowOriginOf, withCors } from './cors.js'
import { reportRefusal } from './report-refusal.js'
import type { TokenServices } from './token-services.js'
import type { LiveToken, TokenState } from './token-state.js'

/** What it works with. */
export type UserInfoContext = TokenServices & { limits: Pick<Limits, 'token'> }

const METHODS = ['GET', 'HEAD', 'POST']

/** `GET` and `POST /userinfo` (OpenID Connect Core §5.3): who the user is, for an access token with `openid`. */
export function createUserInfoHandler(context: UserInfoContext): AccountHandler {
  async function answer(req: HttpRequest, res: HttpResponse, account: Account): Promise<void> {
    assertMethod(req, METHODS)
    const token = await readToken(req)
    if (token === undefined) throw new UnauthenticatedError('An access token is needed', { detail: missing(req) })
    await allowOriginOfToken(token, { context, req, res, account })
    const live = await verify(token, context.tokenState, account)
    await context.limits.token(req, account, live.client)
    sendJson(res, 200, await describe(live, context, account), NOT_STORED)
  }

  return withCors('GET, POST', context.registry, async function userInfo(req, res, account) {
    try {
      await answer(req, res, account)
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      const challenge = challengesOf(error, req, ['openid'], { realm: account.issuer })
      if (challenge !== undefined) error.headers = { ...error.headers, 'WWW-Authenticate': challenge }
      reportRefusal(context.emit, { endpoint: 'userinfo', account }, error)
      throw error
    }
  })
}

const missing = ({ headers }: HttpRequest) => (headers.authorization === undefined ? 'no_credential' : 'other_scheme')

/** In the header, or in a form that was posted; never both, and never in the URL (RFC 6750 §2). */
async function readToken(req: HttpRequest): Promise<string | undefined> {
  const inHeader = readCredential(req, { formBody: false, dpop: false })?.token
  if (req.method !== 'POST' || mediaType(req) !== 'application/x-www-form-urlencoded') return inHeader
  const inForm = (await parseParameters(req, { limit: TOKEN_BODY_LIMIT })).get('access_token')
  if (inForm === undefined) return inHeader
  if (req.headers.authorization !== undefined) throw malformed('credential_in_header_and_form')
  return inForm
}

/** As with a client that authenticates: whom the token names decides who may read the answer, be it a refusal. */
async function allowOriginOfToken(
  token: string,
  { context, req, res, account }: { context: TokenServices; req: HttpRequest; res: HttpResponse; account: Account },
): Promise<void> {
  if (req.headers.origin === undefined) return
  const clientId = clientNamedBy(token)
  if (clientId !== undefined) allowOriginOf(await context.registry.client(account.name, clientId), req, res)
}

function clientNamedBy(token: string): string | undefined {
  const [, payload = ''] = token.split('.', 2)
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (typeof claims !== 'object' || claims === null || !('client_id' in claims)) return undefined
    return typeof claims.client_id === 'string' ? claims.client_id : undefined
  } catch {
    return undefined
  }
}

async function verify(token: string, state: TokenState, account: Account): Promise<LiveToken> {
  try {
    return await state.resolve(account, await state.verify(account, token))
  } catch (error) {
    throw error instanceof InvalidTokenError && !isB64Token(token) ? malformed('token_characters') : error
  }
}

async function describe({ auth, grant }: LiveToken, { users }: TokenServices, account: Account): Promise<object> {
  if (!auth.scopes.includes('openid')) throw insufficient('scope_missing', auth)
  if (grant === undefined || users === undefined) throw refuse('authorization_ended')
  return { sub: grant.user, ...(await releasedClaims(users, account, grant, auth.scopes)) }
}
