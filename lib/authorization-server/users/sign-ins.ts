import { randomBytes } from 'node:crypto'
import type { SignInDetail } from '../../details.js'
import type { Clock } from '../../clock.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { AuthorizationRequestRecord, SignInRecord } from '../../store/user-records.js'
import type { Account, Records } from '../context/context.js'
import { MINTED, mint, oneWay } from '../context/one-way.js'
import { PageError } from '../pages/page-error.js'
import { readCookie, setCookie } from './cookies.js'

/** How long a sign-in may take, in seconds. */
export const SIGN_IN_LIFETIME = 600

/** What a new sign-in starts with. None of it is stored as it is but the nonce, which is public then. */
export interface StartedSignIn {
  state: string
  nonce: string
  codeVerifier: string
}

/** Sign-ins that are under way: each is good once, in the browser that began it, for ten minutes. */
export interface SignIns {
  /** @param returnTo empty: nowhere */
  begin(account: Account, req: HttpRequest, res: HttpResponse, returnTo: string): Promise<StartedSignIn>
  /** Takes the sign-in of this `state`: a second time there is none. @throws PageError 400 */
  take(account: Account, req: HttpRequest, state: string | undefined): Promise<SignInRecord>
  /** The request to `/authorize` that is waiting at this URL. */
  requestAt(account: Account, returnTo: string): Promise<AuthorizationRequestRecord | null>
}

export function createSignIns({
  records: { signIns, authorizationRequests },
  clock,
}: {
  records: Pick<Records, 'signIns' | 'authorizationRequests'>
  clock: Clock
}): SignIns {
  async function find(account: Account, req: HttpRequest, state: string | undefined): Promise<SignInRecord> {
    if (state === undefined || !MINTED.test(state)) throw refuse('sign_in_unknown')
    const record = await signIns.get(account.name, oneWay(state))
    if (record === null || record.expires_at.getTime() <= clock.now()) throw refuse('sign_in_unknown')
    const browser = readCookie(req, account, 'sign-in')
    // Left as it is: it is somebody else's.
    if (browser === undefined || oneWay(browser) !== record.browser) throw refuse('sign_in_browser')
    return record
  }

  return {
    async begin(account, req, res, returnTo) {
      const now = clock.now()
      // Tabs share the cookie: each of them can be finished.
      const browser = readCookie(req, account, 'sign-in') ?? mint().value
      const { value: state, hash: id } = mint()
      const nonce = randomBytes(16).toString('base64url')
      const codeVerifier = mint().value
      const times = { revision: 1, createdAt: new Date(now), updatedAt: new Date(now) }
      const bound = { return_to: returnTo, browser: oneWay(browser) }
      await signIns.insert({
        ...{ id, account: account.name, ...times, nonce, code_verifier: codeVerifier, ...bound },
        expires_at: new Date(now + SIGN_IN_LIFETIME * 1000),
      })
      setCookie(res, account, 'sign-in', browser, SIGN_IN_LIFETIME)
      return { state, nonce, codeVerifier }
    },
    async take(account, req, state) {
      const record = await find(account, req, state)
      // Of two at once one removes it.
      if (!(await signIns.remove(account.name, record.id, record.revision))) throw refuse('sign_in_unknown')
      return record
    },
    async requestAt(account, returnTo) {
      const id = returnTo.slice(`${account.issuer}/authorize/`.length)
      return returnTo === '' ? null : authorizationRequests.get(account.name, id)
    },
  }
}

/** One text for every reason. */
function refuse(detail: SignInDetail): PageError {
  const text =
    'This sign-in was finished already, has expired, or was begun in another browser. Go back and start again.'
  return new PageError(400, 'The sign-in cannot go on', text, { detail })
}

/** @returns the URL where the authorization goes on; empty where the text is none of this issuer */
export function checkReturnTo({ issuer }: Account, text: string | undefined): string {
  const prefix = `${issuer}/authorize/`
  if (text === undefined || !text.startsWith(prefix)) return ''
  return /^[A-Za-z0-9_-]{1,200}$/.test(text.slice(prefix.length)) ? text : ''
}
