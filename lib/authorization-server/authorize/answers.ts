import { detach } from '../../detach.js'
import { OAuthError } from '../../errors.js'
import type { HttpResponse } from '../../http/handler.js'
import { sendSeeOther } from '../../http/respond.js'
import { formatScope } from '../../scope.js'
import type { AuthorizationRequestRecord } from '../../store/user-records.js'
import type { Account } from '../context/context.js'
import type { Emit } from '../context/events.js'
import type { Origin } from '../context/origin.js'
import { type Decision, issueCode } from '../grants/authorization-codes.js'
import type { AuthorizeContext } from './authorize-context.js'
import { withParameters } from './redirect-uri.js'
import { PageRefusal, type Refused } from './refusal.js'

/** Where an answer for the client goes. */
export type ReturnAddress = Pick<AuthorizationRequestRecord, 'redirect_uri' | 'state'>

/** Answers the client: the issuer says who answers (RFC 9207 §2). */
function answer(
  res: HttpResponse,
  { redirect_uri, state }: ReturnAddress,
  { issuer }: Account,
  parameters: Readonly<Record<string, string>>,
): void {
  sendSeeOther(res, withParameters(redirect_uri, { ...parameters, state, iss: issuer }))
}

/** Makes the grant and the code, and sends both ways: to the client, and to the events. */
export async function answerWithCode(
  res: HttpResponse,
  account: Account,
  decision: Decision,
  origin: Origin,
  context: Pick<AuthorizeContext, 'records' | 'clock' | 'emit'>,
): Promise<void> {
  const { request, user, scope } = decision
  const { code, grantId } = await issueCode(decision, context)
  context.emit({
    type: 'authorize.allowed',
    account: account.name,
    clientId: request.client_id,
    user: user.id,
    audience: request.audience,
    scope: detach(formatScope(scope)),
    grantId,
    ...origin,
  })
  answer(res, request, account, { code })
}

export function answerWithRefusal(
  res: HttpResponse,
  account: Account,
  address: ReturnAddress,
  { error, description }: Refused,
): void {
  answer(res, address, account, { error, error_description: description })
}

/** What is known of a request that is refused. */
export interface RefusedRequest extends Origin {
  /** Of a client that exists. */
  clientId?: string
  user?: string
  audience?: string
}

export function reportRefusal(
  emit: Emit,
  account: Account,
  { error, detail }: Pick<Refused, 'error' | 'detail'>,
  about: RefusedRequest,
): void {
  emit({
    type: 'authorize.denied',
    account: account.name,
    code: error,
    ...(detail !== undefined && { detail }),
    ...about,
  })
}

/** Tells the events of a refusal that the person is shown. @returns what is to be thrown, so that it becomes a page */
export function reportPage(emit: Emit, account: Account, thrown: unknown, about: RefusedRequest): unknown {
  const shown = thrown instanceof PageRefusal ? thrown.shown : thrown
  if (!(shown instanceof OAuthError) || shown.status >= 500) return shown
  reportRefusal(emit, account, { error: shown.error ?? 'invalid_request', detail: shown.detail }, about)
  return shown
}
