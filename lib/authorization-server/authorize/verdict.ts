import type { ClientRecord } from '../../store/records.js'
import type { AuthorizationRequestRecord, ConsentRecord } from '../../store/user-records.js'
import type { ConsentSubject } from '../consent/consents.js'
import type { Account } from '../context/context.js'
import type { Target } from '../tokens/audience.js'
import { type OnDropped, reportDropped } from '../tokens/dropped.js'
import type { CheckedUser, Users } from '../users/users.js'
import type { AuthorizeContext } from './authorize-context.js'
import { availableScope } from './available-scope.js'
import { isOfTheMachine } from './redirect-uri.js'
import { AuthorizationRefusal } from './refusal.js'
import { findTargetAgain } from './request.js'

/** A request, the client as it is now, and the user who is signed in. */
export interface Question {
  account: Account
  request: AuthorizationRequestRecord
  client: ClientRecord
  user: CheckedUser
}

/** What the user can let the client have. */
export interface Verdict {
  target: Target | undefined
  /** Of the API first. */
  scope: readonly string[]
  remembered: ConsentRecord | null
  /** Has the user to be asked? */
  isAsked: boolean
  /** The consent that serves where the user is not asked; absent: none is needed. */
  consentId?: string
}

/**
 * Finds what the client may have of this user, and whether the user has to be asked. API, ceiling and policy are looked at
 * again: they may have changed since the request came.
 *
 * @throws AuthorizationRefusal `consent_required`, `access_denied`; OAuthError the target is gone, or nothing of the scope is left
 * @throws TemporarilyUnavailableError a function of the host failed
 * @throws StoreUnavailableError
 */
export async function judge(question: Question, users: Users, context: AuthorizeContext): Promise<Verdict> {
  const { account, request, client } = question
  const target = await findTargetAgain(request, client, account, context)
  const { api, own } = availableScope(request.scope, target, client)
  const permitted = await permittedOf(api, target, question, users)
  const scope = [...permitted, ...own]
  const remembered = await context.consents.find(subjectOf(question))
  const isAsked = mustAsk(question, { target, scope, remembered })
  if (isAsked && request.prompt.includes('none')) {
    throw new AuthorizationRefusal('consent_required', 'The user has to consent.', { detail: 'consent_required' })
  }
  assertPermitted(api, permitted)
  const serves = !isAsked && remembered !== null && !isSkipped(client, target)
  return { target, scope, remembered, isAsked, ...(serves && { consentId: remembered.id }) }
}

/** Those of the scopes that the user may have. */
export async function permittedOf(
  scopes: readonly string[],
  target: Target | undefined,
  { account, client, user }: Pick<Question, 'account' | 'client'> & { user: Pick<CheckedUser, 'id'> },
  users: Users,
  onDropped?: OnDropped,
): Promise<readonly string[]> {
  if (target === undefined || scopes.length === 0) return []
  const permitted = await users.permissionsOf(account, { user: user.id, client, api: target.api, scopes })
  reportDropped(scopes, permitted, 'not_this_users', onDropped)
  return permitted
}

/** @throws AuthorizationRefusal `access_denied`: something of the API is available, and the user may have nothing of it */
export function assertPermitted(available: readonly string[], permitted: readonly string[]): void {
  if (available.length === 0 || permitted.length > 0) return
  throw new AuthorizationRefusal('access_denied', 'The user may have none of the scopes.', {
    detail: 'no_permission_left',
  })
}

function mustAsk(
  { request, client }: Question,
  { target, scope, remembered }: Pick<Verdict, 'target' | 'scope' | 'remembered'>,
): boolean {
  if (request.prompt.includes('consent')) return true
  if (isSkipped(client, target)) return false
  if (remembered === null || isAnybody(client, request.redirect_uri)) return true
  return !scope.every(value => remembered.scope.includes(value))
}

function isSkipped(client: ClientRecord, target: Target | undefined): boolean {
  return client.is_first_party && target?.api.skip_consent === true
}

/** Could any program of the user's machine be this client (RFC 8252 §8.6)? */
function isAnybody({ token_endpoint_auth_method: method }: ClientRecord, redirectUri: string): boolean {
  return method === 'none' && isOfTheMachine(redirectUri)
}

/** Whose consent to what the request asks for. */
export function subjectOf({ account, request, user }: Pick<Question, 'account' | 'request' | 'user'>): ConsentSubject {
  const { client_id, audience, api_id } = request
  return {
    ...{ account: account.name, user: user.id, client_id, audience },
    ...(api_id !== undefined && { api_id }),
  }
}
