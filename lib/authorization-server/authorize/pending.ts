import type { HttpRequest } from '../../http/handler.js'
import { pathOf } from '../../http/request-target.js'
import type { ClientRecord } from '../../store/records.js'
import type { AuthorizationRequestRecord } from '../../store/user-records.js'
import type { Account } from '../context/context.js'
import type { AuthorizeContext } from './authorize-context.js'
import { findSecret } from './browser-cookie.js'
import { isRegistered } from './redirect-uri.js'
import { type PageRefusal, refuseHere } from './refusal.js'

/** Where requests that are kept go on, below the account: `/authorize/<id>`. */
export const REQUEST_PATH = /^\/authorize\/([^/]+)$/

/** What an id of ours looks like; anything else is unknown without a look at the store. */
const REQUEST_ID = /^req_[0-9a-hjkmnp-tv-z]{26}$/

/** A request that waits for its decision, in the browser in which it was begun. */
export interface Pending {
  account: Account
  request: AuthorizationRequestRecord
  client: ClientRecord
  /** The value of the browser's cookie. */
  secret: string
}

/**
 * Finds the request that the URL names. One text for every reason: nobody learns which requests there are.
 * @throws PageRefusal
 */
export async function findPending(req: HttpRequest, account: Account, context: AuthorizeContext): Promise<Pending> {
  const id = REQUEST_PATH.exec(pathOf(req.url ?? ''))?.[1] ?? ''
  const { authorizationRequests } = context.records
  const request = REQUEST_ID.test(id) ? await authorizationRequests.get(account.name, id) : null
  if (request === null) throw unknown('unknown_request')
  const secret = findSecret(req, account, request)
  if (secret === undefined) throw unknown('other_browser')
  const client = await context.registry.client(account.name, request.client_id)
  if (client === null || !isRegistered(request.redirect_uri, client.callbacks)) throw unknown('client_changed')
  return { account, request, client, secret }
}

/** Ends the request: of several decisions one is the first. @throws PageRefusal it is decided, or has expired */
export async function claim({ account, request }: Pending, { records }: AuthorizeContext): Promise<void> {
  if (!(await records.authorizationRequests.remove(account.name, request.id))) throw unknown('unknown_request')
}

function unknown(detail: 'unknown_request' | 'other_browser' | 'client_changed'): PageRefusal {
  return refuseHere(
    'This request has been decided, is too old, or was begun in another browser. Go back to the application and start again.',
    { detail },
  )
}
