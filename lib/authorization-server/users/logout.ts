import { sendSeeOther } from '../../http/respond.js'
import { assertMethod } from '../../http/method.js'
import { parseParameters } from '../../http/parameters.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { ClientRecord } from '../../store/records.js'
import type { SessionRecord } from '../../store/user-records.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account, Registry } from '../context/context.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import { html } from '../pages/html.js'
import { sendPage, sourceOf, TELLS_ORIGIN } from '../pages/page.js'
import { readCookie } from './cookies.js'
import { type IdTokenHint, verifyIdTokenHint } from './id-token-hint.js'
import { assertSameOrigin, readQuery, refuseForm } from './requests.js'
import type { Sessions } from './sessions.js'

/** Bytes of a form of this page. */
const FORM_LIMIT = 65_536

/** What a client may ask with (OpenID Connect RP-Initiated Logout 1.0 §2). */
const PARAMETERS = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const

interface LogoutServices {
  sessions: Sessions
  registry: Pick<Registry, 'client'>
  signingKeys: Pick<SigningKeys, 'publicKeys'>
}

/** What a client asked for, as far as it was found good. */
interface LogoutRequest {
  /** Of this issuer, for this client. */
  hint: IdTokenHint | undefined
  client: ClientRecord | null
  /** Registered by the client, `state` with it. Absent: the browser stays here. */
  returnTo: string | undefined
}

/**
 * `/logout`: a page with a button, what it posts, and OpenID's RP-initiated logout (`end_session_endpoint`). Who brings an
 * ID token of the user who is signed in here is believed; otherwise the user is asked. The browser goes to nothing but one
 * of the client's `logout_urls`, byte for byte.
 */
export function createLogoutHandler(services: LogoutServices): AccountHandler {
  const { sessions } = services

  /** What our own page posts. What the client asked for still stands in the URL. */
  async function decide(req: HttpRequest, res: HttpResponse, account: Account, token: string): Promise<void> {
    assertSameOrigin(req, account)
    if (readCookie(req, account, 'session') === undefined) return sendGoodbye(res)
    if (!isAntiForgery(req, account, token)) throw refuseForm()
    const { returnTo } = await readRequest(readQuery(req), account, services)
    await sessions.end(account, req, res)
    if (returnTo === undefined) sendGoodbye(res)
    else sendSeeOther(res, returnTo)
  }

  async function ask(req: HttpRequest, res: HttpResponse, account: Account): Promise<void> {
    const request = await readRequest(readQuery(req), account, services)
    const session = await sessions.find(account, req)
    const isBelieved = request.hint !== undefined && (session === null || session.user === request.hint.sub)
    if (isBelieved) {
      await sessions.end(account, req, res)
      if (request.returnTo !== undefined) return sendSeeOther(res, request.returnTo)
      return sendGoodbye(res)
    }
    if (session === null) return sendGoodbye(res)
    sendQuestion(res, session, antiForgeryOf(req, account), request)
  }

  return async function logout(req, res, account) {
    assertMethod(req, ['GET', 'POST'])
    if (req.method !== 'POST') return ask(req, res, account)
    const form = await parseParameters(req, { limit: FORM_LIMIT })
    const token = form.get('anti_forgery')
    if (token !== undefined) return decide(req, res, account, token)
    // Another site's form comes without the session's cookie; where the browser goes next, it sends it.
    const query = new URLSearchParams()
    for (const name of PARAMETERS) if (form.has(name)) query.set(name, form.get(name) ?? '')
    sendSeeOther(res, `${account.issuer}/logout${query.size === 0 ? '' : `?${query}`}`)
  }
}

async function readRequest(
  parameters: ReadonlyMap<string, string>,
  account: Account,
  { registry, signingKeys }: Pick<LogoutServices, 'registry' | 'signingKeys'>,
): Promise<LogoutRequest> {
  const token = parameters.get('id_token_hint')
  const hint = token === undefined ? undefined : await verifyIdTokenHint(token, account, signingKeys)
  const clientId = parameters.get('client_id') ?? hint?.clientId
  const client = clientId === undefined ? null : await registry.client(account.name, clientId)
  const isOfClient = client !== null && hint?.clientId === client.id
  const uri = parameters.get('post_logout_redirect_uri')
  const isRegistered = uri !== undefined && client?.logout_urls.includes(uri) === true
  return {
    hint: isOfClient ? hint : undefined,
    client,
    returnTo: isRegistered ? withState(uri, parameters.get('state')) : undefined,
  }
}

/** What stands in the registered URL stays as it is. */
function withState(uri: string, state: string | undefined): string {
  if (state === undefined) return uri
  return `${uri}${uri.includes('?') ? '&' : '?'}state=${encodeURIComponent(state)}`
}

/** Bound to the session's cookie, which nobody else knows, and shows nothing of it. */
function antiForgeryOf(req: HttpRequest, account: Account): string {
  const value = readCookie(req, account, 'session') ?? ''
  return createHash('sha256').update(`logout\n${account.name}\n${value}`).digest('base64url')
}

function isAntiForgery(req: HttpRequest, account: Account, token: string): boolean {
  const [expected, given] = [antiForgeryOf(req, account), token].map(text => createHash('sha256').update(text).digest())
  return expected !== undefined && given !== undefined && timingSafeEqual(expected, given)
}

function sendQuestion(res: HttpResponse, { user }: SessionRecord, token: string, request: LogoutRequest): void {
  const { client, returnTo } = request
  const asking = client !== null && html`<p><bdi>${client.name}</bdi> asks to sign you out.</p>`
  const body = html`${asking}
<p>You are signed in as <bdi>${user}</bdi>.</p>
<form method="post">
<input type="hidden" name="anti_forgery" value="${token}">
<button>Sign out</button>
</form>`
  const formAction = returnTo === undefined ? [] : [sourceOf(returnTo)]
  sendPage(res, 200, { title: 'Sign out', body, formAction, headers: TELLS_ORIGIN })
}

function sendGoodbye(res: HttpResponse): void {
  sendPage(res, 200, { title: 'Signed out', body: html`<p>You are not signed in here.</p>` })
}
