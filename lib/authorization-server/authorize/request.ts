import { InvalidRequestError, InvalidScopeError, InvalidTargetError } from '../../errors.js'
import { parseScope } from '../../scope.js'
import type { ClientRecord } from '../../store/records.js'
import type { AuthorizationRequestRecord } from '../../store/user-records.js'
import type { Account } from '../context/context.js'
import { resolveTarget, type Target } from '../tokens/audience.js'
import type { AuthorizeContext } from './authorize-context.js'
import { availableScope, isSignInAlone } from './available-scope.js'
import type { AuthorizationParameters } from './parameters.js'
import type { Recipient } from './recipient.js'
import { type AuthorizationErrorCode, AuthorizationRefusal } from './refusal.js'
import type { Detail } from '../../details.js'

/** What a request says, checked. */
export type CheckedRequest = Omit<
  AuthorizationRequestRecord,
  'id' | 'account' | 'revision' | 'createdAt' | 'updatedAt' | 'expires_at' | 'browser'
>

/**
 * Checks a request whose recipient is known; the first fault decides.
 *
 * @throws AuthorizationRefusal, OAuthError the client is told of it
 * @throws StoreUnavailableError
 */
export async function checkRequest(
  parameters: AuthorizationParameters,
  { client, redirectUri, isGiven }: Recipient,
  account: Account,
  context: Pick<AuthorizeContext, 'registry' | 'apiGrants'>,
): Promise<CheckedRequest> {
  parameters.assertSound()
  const responseType = parameters.get('response_type')
  if (responseType === undefined) throw invalid('The response_type is missing.', { detail: 'no_response_type' })
  const challenge = readChallenge(parameters, client)
  const prompt = readPrompt(parameters.get('prompt'))
  const maxAge = readMaxAge(parameters.get('max_age'))
  const responseMode = parameters.get('response_mode') ?? 'query'
  if (responseMode !== 'query') throw invalid('The response_mode must be query.', { detail: 'response_mode' })
  if (responseType !== 'code') {
    throw new AuthorizationRefusal('unsupported_response_type', 'The response_type must be code.', {
      detail: 'response_type',
    })
  }
  assertGrantType(client)
  assertNoRequestObject(parameters)
  const target = await findTarget(parameters, client, account, context)
  const { api, own } = availableScope(readScope(parameters), target, client)
  const [state, nonce, loginHint] = ['state', 'nonce', 'login_hint'].map(parameters.get)
  return {
    client_id: client.id,
    redirect_uri: redirectUri,
    redirect_uri_given: isGiven,
    ...(state !== undefined && { state }),
    ...audienceOf(target, account),
    scope: [...api, ...own],
    ...(nonce !== undefined && { nonce }),
    ...(challenge !== undefined && { code_challenge: challenge }),
    prompt,
    ...(maxAge !== undefined && { max_age: maxAge }),
    ...(loginHint !== undefined && { login_hint: loginHint }),
  }
}

/** Names the description first, as the messages of errors do. */
function invalid(description: string, { detail }: { detail: Detail }): AuthorizationRefusal {
  return new AuthorizationRefusal('invalid_request', description, { detail })
}

/** @returns undefined where there is none, and none has to be */
function readChallenge(parameters: AuthorizationParameters, client: ClientRecord): string | undefined {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) {
    // What a public client gets can be used by whoever sees the code (RFC 9700 §2.1.1).
    const isRequired = client.require_pkce || client.token_endpoint_auth_method === 'none'
    if (!isRequired && method === undefined) return undefined
    throw invalid('The code_challenge is missing.', { detail: 'no_code_challenge' })
  }
  if (method !== 'S256') throw invalid('The code_challenge_method must be S256.', { detail: 'code_challenge_method' })
  if (/^[A-Za-z0-9_-]{43}$/.test(challenge)) return challenge
  throw invalid('The code_challenge must have 43 characters of base64url.', { detail: 'code_challenge' })
}

const PROMPTS: ReadonlySet<string> = new Set(['none', 'login', 'consent', 'select_account'])

function readPrompt(text: string | undefined): string[] {
  const prompts = [...new Set(text?.split(' '))]
  const isKnown = prompts.every(prompt => PROMPTS.has(prompt))
  if (isKnown && (prompts.length < 2 || !prompts.includes('none'))) return prompts
  throw invalid('The prompt must be none, or some of login, consent and select_account.', { detail: 'prompt' })
}

function readMaxAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) throw invalid('The max_age must be a whole number of seconds.', { detail: 'max_age' })
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

function assertGrantType({ grant_types }: ClientRecord): void {
  if (grant_types.includes('authorization_code')) return
  throw new AuthorizationRefusal('unauthorized_client', 'The client may not use this grant type.', {
    detail: 'grant_type_not_registered',
  })
}

/** What OpenID Connect Core §6, §7.2.1 define and is not served. */
const NOT_SERVED: readonly (readonly [name: string, error: AuthorizationErrorCode])[] = [
  ['request', 'request_not_supported'],
  ['request_uri', 'request_uri_not_supported'],
  ['registration', 'registration_not_supported'],
]

function assertNoRequestObject(parameters: AuthorizationParameters): void {
  for (const [name, error] of NOT_SERVED) {
    if (parameters.get(name) === undefined) continue
    throw new AuthorizationRefusal(error, `The parameter ${name} is not supported.`, { detail: 'request_object' })
  }
}

/** @returns undefined where the token is for `/userinfo` alone */
async function findTarget(
  parameters: AuthorizationParameters,
  client: ClientRecord,
  account: Account,
  context: Pick<AuthorizeContext, 'registry' | 'apiGrants'>,
): Promise<Target | undefined> {
  const named = ['audience', 'resource'].map(name => [name, parameters.get(name) ?? ''] as const)
  try {
    return await resolveTarget(new Map(named), client, account, context)
  } catch (error) {
    const isUnnamed = error instanceof InvalidRequestError && error.detail === 'no_audience'
    if (isUnnamed && isSignInAlone(parameters.get('scope')?.split(' ') ?? [])) return undefined
    throw error
  }
}

function readScope(parameters: AuthorizationParameters): string[] {
  const scope = parseScope(parameters.get('scope') ?? '')
  if (scope !== null) return scope
  throw new InvalidScopeError('The scope is malformed.', { detail: 'scope_grammar' })
}

function audienceOf(target: Target | undefined, { issuer }: Account): { audience: string; api_id?: string } {
  if (target === undefined) return { audience: `${issuer}/userinfo` }
  return { audience: target.api.identifier, api_id: target.api.id }
}

/**
 * The target of a request that was checked before: an API that has been registered again under the same identifier is
 * another one.
 * @throws InvalidTargetError
 */
export async function findTargetAgain(
  { audience, api_id }: Pick<CheckedRequest, 'audience' | 'api_id'>,
  client: ClientRecord,
  account: Account,
  context: Pick<AuthorizeContext, 'registry' | 'apiGrants'>,
): Promise<Target | undefined> {
  if (api_id === undefined) return undefined
  const target = await resolveTarget(new Map([['audience', audience]]), client, account, context)
  if (target.api.id === api_id) return target
  throw new InvalidTargetError('The audience is not available to this client.', { detail: 'unknown_api' })
}
