import { Refusal } from '../faults.js'
import type { Io } from '../io.js'
import type { Connection } from './connection.js'
import { refusalOf } from './explain.js'
import { send } from './send.js'

/** The audience of the management API. */
export const MANAGEMENT_AUDIENCE = 'urn:scopegate:management'

/** Gets an access token by the client's own credentials (RFC 6749 §4.4). @throws Refusal */
export async function requestToken(
  { fetch }: Pick<Io, 'fetch'>,
  { url, clientId, clientSecret, timeout }: Omit<Connection, 'adminUrl'>,
  { audience, scope }: { audience?: string; scope?: string },
): Promise<string> {
  const parameters = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    ...(audience !== undefined && { audience }),
    ...(scope !== undefined && { scope }),
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  const reply = await send(
    fetch,
    { url: `${url}/oauth/token`, method: 'POST', headers, body: String(parameters) },
    timeout,
  )
  if (reply.status !== 200) throw refusalOf(reply)
  const { access_token: token } = Object(reply.body)
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new Refusal('the answer of the token endpoint has no access token; check the URL')
  }
  return token
}
