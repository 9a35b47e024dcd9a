import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { assertMethod } from '../../http/method.js'
import { parseParameters } from '../../http/parameters.js'
import type { ClientRecord } from '../../store/records.js'
import { type AuthenticationServices, authenticateClient } from '../clients/client-authentication.js'
import type { SecretUses } from '../clients/secret-uses.js'
import type { Account } from '../context/context.js'
import type { Limits } from '../limits/limits.js'
import { nameOfStranger } from '../context/origin.js'
import { allowOriginOf } from './cors.js'

/** Bytes a body may have. */
export const TOKEN_BODY_LIMIT = 64 * 1024

/** What a client sends to an endpoint where it authenticates: who it is, and its parameters. */
export interface ClientRequest {
  client: ClientRecord
  parameters: ReadonlyMap<string, string>
}

export interface ClientRequestServices extends AuthenticationServices {
  secretUses: SecretUses
  limits: Limits
}

/** Who may call an endpoint. */
export interface ClientRequestRules {
  /** Clients without a secret? */
  publicClients: boolean
  /** Scripts of the client's own origins? They may read the answer then, a refusal too. */
  scripts: boolean
  /** Told what the client is called, before anything is proven; of one that does not exist only what events may repeat. */
  onNamed?(clientId: string): void
}

/**
 * Reads a request of a client: the method, the body, then who it is.
 *
 * @throws RequestMethodError, InvalidRequestError, RequestTooLargeError, InvalidClientError, RequestRateError
 */
export async function readClientRequest(
  req: HttpRequest,
  res: HttpResponse,
  account: Account,
  services: ClientRequestServices,
  { publicClients, scripts, onNamed }: ClientRequestRules,
): Promise<ClientRequest> {
  assertMethod(req, ['POST'], 'The endpoint is served by POST alone.')
  const parameters = await parseParameters(req, { limit: TOKEN_BODY_LIMIT })
  const { client, secret } = await authenticateClient(req, parameters, account, services, {
    publicClients,
    onNamed(named, clientId) {
      if (scripts) allowOriginOf(named, req, res)
      const name = named?.id ?? nameOfStranger(clientId)
      if (name !== undefined) onNamed?.(name)
    },
  })
  if (secret !== undefined) services.secretUses.note(account.name, client.id, secret.id)
  return { client, parameters }
}
