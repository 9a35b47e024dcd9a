import type { ClientRecord } from '../../store/records.js'
import type { Account } from '../context/context.js'
import type { AuthorizeContext } from './authorize-context.js'
import type { AuthorizationParameters } from './parameters.js'
import { isRegistered } from './redirect-uri.js'
import { refuseHere } from './refusal.js'

/** Who gets the answer, and where. */
export interface Recipient {
  client: ClientRecord
  redirectUri: string
  /** Did the request name it? */
  isGiven: boolean
}

/**
 * Finds the client. Before it is known nobody is redirected anywhere (RFC 6749 §4.1.2.1).
 * @throws PageRefusal
 */
export async function findClient(
  parameters: AuthorizationParameters,
  account: Account,
  { registry }: Pick<AuthorizeContext, 'registry'>,
): Promise<ClientRecord> {
  if (parameters.isRepeated('client_id')) {
    throw refuseHere('The application has named itself twice.', { detail: 'repeated_parameter' })
  }
  const clientId = parameters.get('client_id')
  if (clientId === undefined) throw refuseHere('The application has not named itself.', { detail: 'no_client_id' })
  const client = await registry.client(account.name, clientId)
  if (client === null) throw refuseHere('The application is not known here.', { detail: 'unknown_client' })
  return client
}

/** @throws PageRefusal */
export function findRecipient(parameters: AuthorizationParameters, client: ClientRecord): Recipient {
  if (parameters.isRepeated('redirect_uri')) {
    throw refuseHere('The application has named two addresses to return to.', { detail: 'repeated_parameter' })
  }
  const { callbacks } = client
  const given = parameters.get('redirect_uri')
  if (given !== undefined) {
    if (isRegistered(given, callbacks)) return { client, redirectUri: given, isGiven: true }
    throw refuseHere('The address to return to is not registered for the application.', {
      detail: 'unregistered_redirect_uri',
    })
  }
  const [only, ...others] = callbacks
  if (only !== undefined && others.length === 0) return { client, redirectUri: only, isGiven: false }
  throw refuseHere('The application has not said where to return to.', { detail: 'no_redirect_uri' })
}
