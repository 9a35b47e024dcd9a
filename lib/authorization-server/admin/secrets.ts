import { sendJson } from '../../http/respond.js'
import { readManagementBody } from '../../http/parameters.js'
import type { ClientRecord, ClientSecret } from '../../store/records.js'
import { createSecret, createSecretValue } from '../clients/client-secrets.js'
import { validateSecretCreation } from '../schemas/client.js'
import { invalid } from '../schemas/validate.js'
import { changeClient } from './clients.js'
import { etagOf } from './etag.js'
import { type AdminCall, hasBody, notFound, sendRemoved } from './resource.js'

/** Secrets that one client may have at once. */
export const MAX_SECRETS = 10

/**
 * `POST /clients/:client_id/secrets`: a further secret, good beside the others; its value is shown this once.
 * Whoever has it has what the client was granted, so the caller must hold that of the management API itself.
 */
export async function createClientSecret(call: AdminCall): Promise<void> {
  const body = hasBody(call) ? await readManagementBody(call.req) : {}
  const now = call.context.clock.now()
  const expiresAt = readExpiry(body, now)
  const value = createSecretValue()
  const secret: ClientSecret = { ...createSecret(value, now), ...(expiresAt && { expires_at: expiresAt }) }
  const client = await changeClient(call, present => {
    assertRoom(present)
    return { ...present, secrets: [...present.secrets, secret], updatedAt: new Date(now) }
  })
  const { id, created_at } = secret
  const headers = { ETag: etagOf(client), 'Cache-Control': 'no-store' }
  sendJson(call.res, 201, { id, client_secret: value, created_at, expires_at: expiresAt ?? null }, headers)
}

function readExpiry(body: object, now: number): Date | undefined {
  validateSecretCreation(body)
  if (!('expires_at' in body)) return undefined
  const expiry = new Date(String(body.expires_at))
  if (expiry.getTime() <= now) throw invalid([{ path: 'expires_at', message: 'must be in the future' }])
  return expiry
}

function assertRoom(client: ClientRecord): void {
  if (client.token_endpoint_auth_method === 'none') {
    throw invalid([{ path: '', message: 'a public client has no secrets' }])
  }
  if (client.secrets.length < MAX_SECRETS) return
  throw invalid([{ path: '', message: `a client has at most ${MAX_SECRETS} secrets` }])
}

/** `DELETE /clients/:client_id/secrets/:id` */
export async function deleteClientSecret(call: AdminCall): Promise<void> {
  const [, secretId] = call.ids
  await changeClient(call, present => {
    const secrets = present.secrets.filter(({ id }) => id !== secretId)
    if (secrets.length === present.secrets.length) throw notFound()
    return { ...present, secrets, updatedAt: new Date(call.context.clock.now()) }
  })
  sendRemoved(call)
}
