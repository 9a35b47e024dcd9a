import { assertMethod } from '../http/method.js'
import { parseParameters } from '../http/parameters.js'
import { invalidType, invalidValue } from '../errors.js'
import type { HttpRequest, HttpResponse } from '../http/handler.js'
import type { AccountHandler } from '../authorization-server/accounts/account-router.js'
import { html } from '../authorization-server/pages/html.js'
import { sendPage, sourceOf, TELLS_ORIGIN } from '../authorization-server/pages/page.js'
import {
  createReadyMadeUsers,
  type ReadyMadeUsers,
  validateSessionLifetime,
} from '../authorization-server/users/ready-made.js'
import { assertOptions } from './assert-options.js'
import { assertSameOrigin, readQuery, refuseForm } from '../authorization-server/users/requests.js'
import type { SignInMethod, SignInTools } from '../authorization-server/users/sign-in-method.js'
import { checkReturnTo } from '../authorization-server/users/sign-ins.js'
import { finishSignIn } from '../authorization-server/users/finish-sign-in.js'
import { isUserId } from '../authorization-server/users/user-id.js'

/** Bytes of the form of the page. */
const FORM_LIMIT = 4_096
const MAX_USERS = 100

/** Options of `demoUsers`. */
export interface DemoUsersOptions {
  /** Seconds after which a session ends, however much it is used: 60 to 2 592 000. Default: 43 200, 12 hours. */
  sessionLifetime?: number
}

/**
 * Users for trying things out: a page with names to click, which asks nobody for a password and says so. Not for anything
 * that has a secret: whoever can open the page can be each of them.
 *
 * @param names 1 to 100 different ones, each 1–255 visible ASCII characters: the `sub` of tokens
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * const { router, users } = demoUsers(['ada', 'grace'])
 * const server = await authorizationServer({ issuer: 'http://localhost:3000', store: embeddedStore(':memory:'), users })
 * app.use(router)
 * app.use(server.router)
 */
export function demoUsers(names: readonly string[], options: DemoUsersOptions = {}): ReadyMadeUsers {
  const users = validateNames(names)
  assertOptions(options, 'demoUsers', ['sessionLifetime'])
  const sessionLifetime = validateSessionLifetime(options.sessionLifetime)
  const method: SignInMethod = {
    source: 'demo',
    knows: user => users.includes(user),
    handlers: tools => new Map([['/login', createLogin(users, tools)]]),
  }
  return createReadyMadeUsers(method, sessionLifetime)
}

function validateNames(names: readonly string[]): readonly string[] {
  if (!Array.isArray(names)) throw invalidType('demoUsers: must be given a list of names')
  if (names.length === 0 || names.length > MAX_USERS)
    throw invalidValue(`demoUsers: must be given 1 to ${MAX_USERS} names`)
  for (const name of names) {
    if (!isUserId(name)) throw invalidValue('demoUsers: a name must be 1 to 255 visible ASCII characters')
  }
  if (new Set(names).size !== names.length) throw invalidValue('demoUsers: must not name a user twice')
  return [...names]
}

function createLogin(users: readonly string[], tools: SignInTools): AccountHandler {
  const { signIns } = tools

  async function choose(req: HttpRequest, res: HttpResponse, account: Parameters<AccountHandler>[2]): Promise<void> {
    assertSameOrigin(req, account)
    const form = await parseParameters(req, { limit: FORM_LIMIT })
    const { return_to } = await signIns.take(account, req, form.get('state'))
    const user = form.get('user')
    if (user === undefined || !users.includes(user)) throw refuseForm()
    await finishSignIn({ req, res, account }, { id: user, claims: { name: user } }, return_to, tools)
  }

  return async function login(req, res, account) {
    assertMethod(req, ['GET', 'POST'])
    if (req.method === 'POST') return choose(req, res, account)
    const returnTo = checkReturnTo(account, readQuery(req).get('return_to'))
    const request = await signIns.requestAt(account, returnTo)
    const { state } = await signIns.begin(account, req, res, returnTo)
    const body = html`<p>This is a demo: nobody is asked for a password. Choose who you are.</p>
<form method="post">
<input type="hidden" name="state" value="${state}">
${users.map(user => html`<button name="user" value="${user}"><bdi>${user}</bdi></button>\n`)}</form>`
    const formAction = request === null ? [] : [sourceOf(request.redirect_uri)]
    sendPage(res, 200, { title: 'Demo sign-in', body, formAction, headers: TELLS_ORIGIN })
  }
}
