import { InvalidRequestError } from '../../errors.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { ClientRecord } from '../../store/records.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account } from '../context/context.js'
import type { RefusingEndpoint } from '../context/events.js'
import { type Origin, originOf } from '../context/origin.js'
import { reportRefusal } from './report-refusal.js'
import type { TokenServices } from './token-services.js'
import { type ClientRequestRules, type ClientRequestServices, readClientRequest } from './client-request.js'

/** What revocation and introspection work with. */
export type ClientEndpointContext = TokenServices & ClientRequestServices

/** A client asks about, or does something to, a token. */
export interface TokenQuestion {
  context: ClientEndpointContext
  account: Account
  client: ClientRecord
  token: string
  origin: Origin
}

interface Endpoint {
  name: RefusingEndpoint
  callers: ClientRequestRules
  answer(question: TokenQuestion, res: HttpResponse): Promise<void>
}

/**
 * An endpoint where a client authenticates as at the token endpoint, and names a token. `token_type_hint` is only a hint:
 * each kind of token looks like no other, so that nothing is looked for twice.
 */
export function createClientEndpoint(
  { name, callers, answer }: Endpoint,
  context: ClientEndpointContext,
): AccountHandler {
  const handle: AccountHandler = async (req: HttpRequest, res, account) => {
    let client: ClientRecord | undefined
    try {
      const request = await readClientRequest(req, res, account, context, callers)
      client = request.client
      await context.limits.token(req, account, client)
      await answer({ context, account, client, token: readToken(request.parameters), origin: originOf(req) }, res)
    } catch (error) {
      reportRefusal(context.emit, { endpoint: name, account, client }, error)
      throw error
    }
  }
  Object.defineProperty(handle, 'name', { value: name })
  return handle
}

function readToken(parameters: ReadonlyMap<string, string>): string {
  const token = parameters.get('token')
  if (token === undefined) {
    throw new InvalidRequestError('The token parameter is missing.', { detail: 'no_token_parameter' })
  }
  return token
}
