import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { assertMethod } from '../../http/method.js'
import { sendSeeOther } from '../../http/respond.js'
import { createId } from '../../store/ids.js'
import { AUTHORIZATION_REQUEST_KIND, type AuthorizationRequestRecord } from '../../store/user-records.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account } from '../context/context.js'
import { mint } from '../context/one-way.js'
import { originOf } from '../context/origin.js'
import type { Users } from '../users/users.js'
import { answerWithCode, answerWithRefusal, type RefusedRequest, reportPage, reportRefusal } from './answers.js'
import type { AuthorizeContext } from './authorize-context.js'
import { bindBrowser, REQUEST_LIFETIME } from './browser-cookie.js'
import { requireUsers } from './require-users.js'
import { type AuthorizationParameters, readAuthorizationParameters } from './parameters.js'
import { findClient, findRecipient, type Recipient } from './recipient.js'
import { asRefused, AuthorizationRefusal } from './refusal.js'
import { type CheckedRequest, checkRequest } from './request.js'
import { needsSignIn } from './sign-in.js'
import { judge } from './verdict.js'

/** One request, and who it is from once that is known. */
interface Call {
  context: AuthorizeContext
  users: Users
  req: HttpRequest
  res: HttpResponse
  account: Account
}

/** `GET` and `POST /authorize` (RFC 6749 §4.1.1). */
export function createAuthorizeHandler(context: AuthorizeContext): AccountHandler {
  return async function authorize(req, res, account) {
    const about: RefusedRequest = originOf(req)
    let recipient: Recipient
    let call: Call
    let parameters: AuthorizationParameters
    try {
      assertMethod(req, ['GET', 'HEAD', 'POST'])
      await context.limits.authorize(req, account)
      call = { context, users: requireUsers(context), req, res, account }
      parameters = await readAuthorizationParameters(req)
      const client = await findClient(parameters, account, context)
      about.clientId = client.id
      recipient = findRecipient(parameters, client)
    } catch (error) {
      throw reportPage(context.emit, account, error, about)
    }
    await serve(call, parameters, recipient)
  }
}

/** From here on the client is told of refusals. */
async function serve(call: Call, parameters: AuthorizationParameters, recipient: Recipient): Promise<void> {
  const { context, req, res, account } = call
  try {
    const checked = await checkRequest(parameters, recipient, account, context)
    // Where cookies of ours do not come, as in a frame of another site, a silent request is answered nevertheless.
    if (checked.prompt.includes('none') && req.method === 'GET') await answerAtOnce(call, checked, recipient)
    else await begin(call, checked)
  } catch (error) {
    const refused = asRefused(error)
    if (refused === undefined) throw error
    reportRefusal(context.emit, account, refused, { clientId: recipient.client.id, ...originOf(req) })
    const state = parameters.get('state')
    const address = { redirect_uri: recipient.redirectUri, ...(state !== undefined && { state }) }
    answerWithRefusal(res, account, address, refused)
  }
}

function createRequest(
  { context, account }: Call,
  checked: CheckedRequest,
  browser: string,
): AuthorizationRequestRecord {
  const now = context.clock.now()
  const [createdAt, updatedAt] = [new Date(now), new Date(now)]
  const id = createId(AUTHORIZATION_REQUEST_KIND.idPrefix, now)
  const expires_at = new Date(now + REQUEST_LIFETIME * 1000)
  return { ...checked, id, account: account.name, revision: 1, createdAt, updatedAt, browser, expires_at }
}

/** Keeps the request, and sends the browser to where it goes on: nothing of it is read from a URL again. */
async function begin(call: Call, checked: CheckedRequest): Promise<void> {
  const { context, req, res, account } = call
  const { value, hash } = mint()
  const { id } = await context.records.authorizationRequests.insert(createRequest(call, checked, hash))
  bindBrowser(req, res, account, id, value)
  sendSeeOther(res, `${account.issuer}/authorize/${id}`)
}

/** `prompt=none`: the browser is sent nowhere but back, so nothing has to be kept. */
async function answerAtOnce(call: Call, checked: CheckedRequest, { client }: Recipient): Promise<void> {
  const { context, users, req, res, account } = call
  const request = createRequest(call, checked, '')
  const user = await users.authenticate(account, req)
  if (user === undefined || needsSignIn(request, user, context.clock)) {
    throw new AuthorizationRefusal('login_required', 'The user has to sign in.', { detail: 'sign_in_required' })
  }
  const { scope, consentId } = await judge({ account, request, client, user }, users, context)
  const decision = { request, user, scope, ...(consentId !== undefined && { consentId }) }
  await answerWithCode(res, account, decision, originOf(req), context)
}
