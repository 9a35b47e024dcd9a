import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { exposeHeaders } from '../../http/expose-headers.js'
import { sendEmpty } from '../../http/respond.js'
import type { ClientRecord } from '../../store/records.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Registry } from '../context/context.js'

/** How long a browser may keep the answer to a preflight, in seconds. */
const MAX_AGE = 600

/** What scripts may read of an answer besides what they always may. */
const EXPOSED = ['WWW-Authenticate', 'Retry-After', 'RateLimit', 'RateLimit-Policy']

/**
 * Lets scripts of other origins call an endpoint (Fetch, CORS protocol): the preflight, which does not say for whom it
 * comes, is answered to every origin in `web_origins` of some client of the account. Who may read the answer itself, the
 * endpoint says by {@link allowOriginOf}. Where nothing matches there is no header of CORS; never one for all origins, and
 * never one that lets cookies be sent.
 *
 * @param methods for `Access-Control-Allow-Methods`
 */
export function withCors(
  methods: string,
  registry: Pick<Registry, 'isWebOrigin'>,
  handle: AccountHandler,
): AccountHandler {
  async function preflight(res: HttpResponse, account: string, origin: string): Promise<void> {
    if (!(await registry.isWebOrigin(account, origin))) return sendEmpty(res, 204)
    sendEmpty(res, 204, {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': 'Authorization, Content-Type',
      'Access-Control-Max-Age': String(MAX_AGE),
    })
  }

  const crossOrigin: AccountHandler = (req, res, account) => {
    if (!res.headersSent) res.appendHeader('Vary', 'Origin')
    const { origin } = req.headers
    const isPreflight = req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined
    if (isPreflight && origin !== undefined) return preflight(res, account.name, origin)
    return handle(req, res, account)
  }
  Object.defineProperty(crossOrigin, 'name', { value: handle.name })
  return crossOrigin
}

/** Lets the script that calls read the answer, where it comes from one of the client's own origins. */
export function allowOriginOf(
  client: ClientRecord | null,
  { headers: { origin } }: HttpRequest,
  res: HttpResponse,
): void {
  if (origin === undefined || client === null || !client.web_origins.includes(origin) || res.headersSent) return
  res.setHeader('Access-Control-Allow-Origin', origin)
  exposeHeaders(res, EXPOSED)
}
