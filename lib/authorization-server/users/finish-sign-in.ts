import { sendSeeOther } from '../../http/respond.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { epochSeconds } from '../../clock.js'
import type { Account } from '../context/context.js'
import { html } from '../pages/html.js'
import { sendPage } from '../pages/page.js'

import type { SignInTools } from './sign-in-method.js'
import type { UserClaims } from './users-option.js'

/** Who has signed in. */
export interface SignedIn {
  id: string
  /** Seconds. Default: now. */
  authTime?: number
  claims: UserClaims
}

/** Begins the session, and sends the browser on to where it was wanted; a page where that was nowhere. */
export async function finishSignIn(
  { req, res, account }: { req: HttpRequest; res: HttpResponse; account: Account },
  { id, authTime, claims }: SignedIn,
  returnTo: string,
  { sessions, clock }: Pick<SignInTools, 'sessions' | 'clock'>,
): Promise<void> {
  const user = { id, authTime: authTime ?? epochSeconds(clock), claims: JSON.stringify(claims) }
  await sessions.begin(account, req, res, user)
  if (returnTo !== '') return sendSeeOther(res, returnTo)
  const body = html`<p>You are signed in as <bdi>${id}</bdi>.</p>
<p><a href="${account.issuer}/logout">Sign out</a></p>`
  sendPage(res, 200, { title: 'Signed in', body })
}
