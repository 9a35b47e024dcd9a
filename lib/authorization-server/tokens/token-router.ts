import type { TokenEndpointDetail } from '../../details.js'
import { InvalidRequestError, OAuthError, UnauthorizedClientError, UnsupportedGrantTypeError } from '../../errors.js'
import { oauthCode } from '../../http/error-handler.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { NOT_STORED, sendJson } from '../../http/respond.js'
import type { ClientRecord } from '../../store/records.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account } from '../context/context.js'
import { type Origin, originOf } from '../context/origin.js'
import type { Grant, TokenResponse } from './grant-types/grant.js'
import { GRANTS } from './grant-types/index.js'
import { type ClientRequestServices, readClientRequest } from './client-request.js'
import { withCors } from './cors.js'
import { wireCode } from './report-refusal.js'
import type { TokenServices } from './token-services.js'

const CALLERS = { publicClients: true, scripts: true }

export type TokenContext = TokenServices & ClientRequestServices

/** A call, and who makes it once that is known. */
interface TokenCall {
  context: TokenContext
  req: HttpRequest
  res: HttpResponse
  account: Account
  /** As whom it comes, proven or not. */
  clientId?: string
  /** One that is served. */
  grantType?: string
  origin: Origin
}

/** `POST /oauth/token` (RFC 6749 §3.2). No answer of it may be stored (§5.1), a refusal neither. */
export function createTokenHandler(context: TokenContext): AccountHandler {
  return withCors('POST', context.registry, async function token(req, res, account) {
    const call: TokenCall = { context, req, res, account, origin: originOf(req) }
    try {
      sendJson(res, 200, await issue(call), NOT_STORED)
      context.metering.meter?.issueToken(call.grantType ?? '')
    } catch (error) {
      context.metering.meter?.refuseToken(call.grantType, oauthCode(error))
      if (error instanceof OAuthError && error.status < 500) report(call, error)
      throw error
    }
  })
}

/** The order decides which fault is named where a request has several. */
async function issue(call: TokenCall): Promise<TokenResponse> {
  const { context, req, res, account } = call
  const onNamed = (clientId: string): void => {
    call.clientId = clientId
  }
  const { client, parameters } = await readClientRequest(req, res, account, context, { ...CALLERS, onNamed })
  const counted = context.limits.token(req, account, client)
  if (counted !== undefined) await counted
  const grant = findGrant(parameters)
  call.grantType = grant.grantType
  assertGrantOf(client, grant)
  return grant.handle({ services: context, account, client, parameters, origin: call.origin })
}

function findGrant(parameters: ReadonlyMap<string, string>): Grant {
  const grantType = parameters.get('grant_type')
  if (!grantType) throw new InvalidRequestError('The grant_type parameter is missing.', { detail: 'no_grant_type' })
  const grant = GRANTS.get(grantType)
  if (grant === undefined) {
    throw new UnsupportedGrantTypeError('The grant type is not supported.', { detail: 'unknown_grant_type' })
  }
  return grant
}

/** @throws UnauthorizedClientError the client may not use the grant */
export function assertGrantOf(client: ClientRecord, grant: Grant): void {
  const isPublic = client.token_endpoint_auth_method === 'none'
  if (!client.grant_types.includes(grant.grantType)) throw unauthorized('grant_type_not_registered')
  if (isPublic && !grant.publicClients) throw unauthorized('public_client')
}

function unauthorized(detail: TokenEndpointDetail): UnauthorizedClientError {
  return new UnauthorizedClientError('The client may not use this grant type.', { detail })
}

function report({ context, account, clientId, origin }: TokenCall, error: OAuthError): void {
  const { detail } = error
  context.emit({
    type: 'token.refused',
    account: account.name,
    code: wireCode(error),
    ...(clientId !== undefined && { clientId }),
    ...(detail !== undefined && { detail }),
    ...origin,
  })
}
