import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { Pair } from '../../http/form.js'
import { assertMethod } from '../../http/method.js'
import { readFormPairs } from '../../http/pairs.js'
import { sendSeeOther } from '../../http/respond.js'
import type { AccountHandler } from '../accounts/account-router.js'
import { ANTI_FORGERY, isAntiForgeryValue } from '../consent/anti-forgery.js'
import { originOf } from '../context/origin.js'
import type { CheckedUser, Users } from '../users/users.js'
import { answerWithCode, answerWithRefusal, type RefusedRequest, reportPage, reportRefusal } from './answers.js'
import type { AuthorizeContext } from './authorize-context.js'
import { releaseBrowser } from './browser-cookie.js'
import { showConsent } from './show-consent.js'
import { requireUsers } from './require-users.js'
import { claim, findPending, type Pending } from './pending.js'
import { asRefused, AuthorizationRefusal, refuseHere, type Refused } from './refusal.js'
import { MAX_SIGN_INS, needsSignIn } from './sign-in.js'
import { judge, subjectOf } from './verdict.js'

/** Bytes of the consent form: the longest scope that can be asked for, written out as check boxes. */
const FORM_LIMIT = 512 * 1024

interface Call extends Pending {
  context: AuthorizeContext
  users: Users
  req: HttpRequest
  res: HttpResponse
}

/** `GET` and `POST /authorize/<id>`: sign-in, consent and decision of a request that is kept. */
export function createDecisionHandler(context: AuthorizeContext): AccountHandler {
  return async function decide(req, res, account) {
    let pending: Pending | undefined
    try {
      assertMethod(req, ['GET', 'POST'])
      await context.limits.authorize(req, account)
      const users = requireUsers(context)
      const form = req.method === 'POST' ? await readFormPairs(req, FORM_LIMIT) : undefined
      pending = await findPending(req, account, context)
      await serve({ ...pending, context, users, req, res }, form)
    } catch (error) {
      throw reportPage(context.emit, account, error, { ...(pending && aboutOf(pending)), ...originOf(req) })
    }
  }
}

/** The client is told of refusals; what is shown to the person ends nothing. */
async function serve(call: Call, form: readonly Pair[] | undefined): Promise<void> {
  let user: CheckedUser | undefined
  try {
    user = await call.users.authenticate(call.account, call.req)
    if (form === undefined) await goOn(call, user)
    else await take(call, user, readAnswer(form))
  } catch (error) {
    const refused = asRefused(error)
    if (refused === undefined) throw error
    await claim(call, call.context)
    refuse(call, user, refused)
  }
}

/** What the events say of a request that is kept. */
function aboutOf({ client, request }: Pending): RefusedRequest {
  return { clientId: client.id, audience: request.audience }
}

/** Of a request that is claimed. */
function refuse(call: Call, user: CheckedUser | undefined, refused: Refused): void {
  const { context, account, request, req, res } = call
  const about = { ...aboutOf(call), ...(user !== undefined && { user: user.id }), ...originOf(req) }
  reportRefusal(context.emit, account, refused, about)
  releaseBrowser(res, account, request.id)
  answerWithRefusal(res, account, request, refused)
}

/** GET: signs in, asks, or answers. */
async function goOn(call: Call, user: CheckedUser | undefined): Promise<void> {
  const { context, users, account, request, client, res } = call
  if (user === undefined || needsSignIn(request, user, context.clock)) return sendToSignIn(call)
  const verdict = await judge({ account, request, client, user }, users, context)
  if (verdict.isAsked) return showConsent(res, { ...call, user, verdict }, context)
  await claim(call, context)
  await grant(call, user, verdict.scope, verdict.consentId)
}

async function sendToSignIn({ context, users, account, request, res }: Call): Promise<void> {
  const { prompt, sign_ins: signIns = 0, login_hint: loginHint } = request
  if (prompt.includes('none')) {
    throw new AuthorizationRefusal('login_required', 'The user has to sign in.', { detail: 'sign_in_required' })
  }
  if (signIns >= MAX_SIGN_INS) {
    throw new AuthorizationRefusal('login_required', 'The user has not signed in.', { detail: 'sign_in_failed' })
  }
  const location = await users.loginUrl(account, `${account.issuer}/authorize/${request.id}`, { prompt, loginHint })
  const updatedAt = new Date(context.clock.now())
  // Where another tab was faster, that one has counted.
  await context.records.authorizationRequests.replace(
    { ...request, sign_ins: signIns + 1, updatedAt },
    request.revision,
  )
  sendSeeOther(res, location)
}

/** What the person has answered. */
interface Answer {
  antiForgery: string
  isAllowed: boolean
  ticked: ReadonlySet<string>
}

/** @throws PageRefusal it is not what the form sends */
function readAnswer(form: readonly Pair[]): Answer {
  const valuesOf = (name: string): string[] => form.flatMap(pair => (pair.name === name ? (pair.value ?? '') : []))
  const [antiForgery = '', ...repeats] = valuesOf(ANTI_FORGERY)
  const [decision, ...others] = valuesOf('decision')
  if (antiForgery === '' || repeats.length > 0) throw forged()
  if ((decision !== 'allow' && decision !== 'deny') || others.length > 0) {
    throw refuseHere('The form does not say what is decided. Go back and try again.', { detail: 'no_decision' })
  }
  return { antiForgery, isAllowed: decision === 'allow', ticked: new Set(valuesOf('scope')) }
}

function forged(): Error {
  return refuseHere('The form is not that of this request and user. Go back, reload the page and decide again.', {
    detail: 'anti_forgery',
  })
}

const DENIED = 'The user has not allowed it.'

/** POST: takes the decision. */
async function take(call: Call, user: CheckedUser | undefined, answer: Answer): Promise<void> {
  const { context, users, account, request, client, secret } = call
  if (user === undefined || needsSignIn(request, user, context.clock)) {
    throw refuseHere('You are not signed in any more. Go back and reload the page.', { detail: 'signed_out' })
  }
  if (!isAntiForgeryValue(answer.antiForgery, { secret, requestId: request.id, user: user.id })) throw forged()
  if (!answer.isAllowed) throw new AuthorizationRefusal('access_denied', DENIED, { detail: 'user_denied' })
  const question = { account, request, client, user }
  const { scope: shown } = await judge(question, users, context)
  const ticked = shown.filter(scope => answer.ticked.has(scope))
  await claim(call, context)
  const consent = await context.consents.remember(subjectOf(question), { shown, ticked })
  if (shown.length > 0 && ticked.length === 0) {
    return refuse(call, user, { error: 'access_denied', description: DENIED, detail: 'nothing_ticked' })
  }
  await grant(call, user, ticked, consent?.id)
}

async function grant(call: Call, user: CheckedUser, scope: readonly string[], consentId?: string): Promise<void> {
  const { context, account, request, req, res } = call
  releaseBrowser(res, account, request.id)
  const decision = { request, user, scope, ...(consentId !== undefined && { consentId }) }
  await answerWithCode(res, account, decision, originOf(req), context)
}
