import {
  InvalidClientError,
  InvalidRequestError,
  OAuthError,
  RequestMethodError,
  UnauthorizedClientError,
  UnsupportedGrantTypeError,
} from '../errors.js'
import { oauthErrorHandler } from '../http/error-handler.js'
import type { Handler, HttpRequest } from '../http/handler.js'
import { parseParameters } from '../http/parameters.js'
import { sendJson } from '../http/respond.js'
import type { ClientRecord } from '../store/records.js'
import { authenticateClient } from './client-authentication.js'
import type { Account, ServerContext } from './context.js'
import type { Grant, TokenResponse } from './grants/grant.js'
import { GRANTS } from './grants/index.js'
import type { RateLimiter } from './rate-limit.js'
import type { SecretUses } from './secret-uses.js'
import type { TokenServices } from './token-services.js'

/** Bytes a body may have. */
const BODY_LIMIT = 64 * 1024

export interface TokenContext extends TokenServices {
  accountOf: ServerContext['accountOf']
  secretUses: SecretUses
  limiter: RateLimiter
}

/** What the steps find out, one after the other. */
interface TokenCall {
  context: TokenContext
  req: HttpRequest
  account: Account
  parameters: ReadonlyMap<string, string>
  client?: ClientRecord
  grant?: Grant
  response?: TokenResponse
}

type Step = (call: TokenCall) => Promise<void> | void

/** The order decides which fault is named where a request has several. */
const STEPS: readonly Step[] = [
  requirePost,
  refuseFloods,
  readParameters,
  identifyClient,
  readGrantType,
  checkGrantOfClient,
  runGrant,
]

/** `POST /oauth/token` (RFC 6749 §3.2). No answer of it may be stored (§5.1), a refusal neither. */
export function createTokenHandler(context: TokenContext): Handler {
  return function token(req, res, next) {
    res.setHeader('Cache-Control', 'no-store')
    res.setHeader('Pragma', 'no-cache')
    const call: TokenCall = { context, req, account: context.accountOf(req), parameters: new Map() }
    runSteps(call).then(
      () => sendJson(res, 200, call.response),
      (error: unknown) => {
        report(call, error)
        oauthErrorHandler(error, req, res, next)
      },
    )
  }
}

async function runSteps(call: TokenCall): Promise<void> {
  for (const step of STEPS) {
    const running = step(call)
    if (running !== undefined) await running
  }
}

function requirePost({ req }: TokenCall): void {
  if (req.method === 'POST') return
  throw new RequestMethodError('The token endpoint is served by POST alone.', { headers: { Allow: 'POST' } })
}

function refuseFloods({ context, req }: TokenCall): void {
  context.limiter.check(req)
}

async function readParameters(call: TokenCall): Promise<void> {
  call.parameters = await parseParameters(call.req, { limit: BODY_LIMIT })
}

async function identifyClient(call: TokenCall): Promise<void> {
  const { context, req, account, parameters } = call
  const { client, secret } = await authenticateClient(req, parameters, account, context)
  if (secret !== undefined) context.secretUses.note(account.name, client.id, secret.id)
  call.client = client
}

function readGrantType(call: TokenCall): void {
  const grantType = call.parameters.get('grant_type')
  if (!grantType) throw new InvalidRequestError('The grant_type parameter is missing.')
  const grant = GRANTS.get(grantType)
  if (grant === undefined) throw new UnsupportedGrantTypeError('The grant type is not supported.')
  call.grant = grant
}

function checkGrantOfClient({ client, grant }: TokenCall): void {
  if (client === undefined || grant === undefined) return
  const isPublic = client.token_endpoint_auth_method === 'none'
  if (client.grant_types.includes(grant.grantType) && (grant.publicClients || !isPublic)) return
  throw new UnauthorizedClientError('The client may not use this grant type.')
}

async function runGrant(call: TokenCall): Promise<void> {
  const { context, account, parameters, client, grant } = call
  if (client === undefined || grant === undefined) return
  call.response = await grant.handle({ services: context, account, client, parameters })
}

function report({ context, req, account, client }: TokenCall, error: unknown): void {
  if (!(error instanceof OAuthError)) {
    context.emit({ type: 'server_error', account: account.name, cause: error })
    return
  }
  if (error instanceof InvalidClientError) context.limiter.count(req)
  const { code, detail } = error
  context.emit({
    type: 'token_refused',
    account: account.name,
    code,
    ...(client !== undefined && { clientId: client.id }),
    ...(detail !== undefined && { detail }),
  })
}
