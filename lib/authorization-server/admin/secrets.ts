import { sendJson } from '../../http/respond.js'
import { readManagementBody } from '../../http/parameters.js'
import type { ClientRecord } from '../../store/records.js'
import { createSecret, createSecretValue } from '../client-secrets.js'
import { validateSecretCreation } from '../schemas/client.js'
import { invalid } from '../schemas/validate.js'
import { assertGrantable } from './client-rules.js'
import { etagOf } from './etag.js'
import { type AdminCall, changeRecord, notFound, sendRemoved } from './resource.js'

/** Secrets that one client may have at once. */
export const MAX_SECRETS = 10

/**
 * `POST /clients/:client_id/secrets`: a further secret, good beside the others; its value is shown this once.
 * Whoever has it has what the client was granted, so the caller must hold that of the management API itself.
 */
export async function createClientSecret(call: AdminCall): Promise<void> {
  const { context, req, res, caller } = call
  const body = hasBody(call) ? await readManagementBody(req) : {}
  validateSecretCreation(body)
  const now = context.clock.now()
  const value = createSecretValue()
  const secret = { ...createSecret(value, now), ...readExpiry(body, now) }
  const client = await changeRecord(context.records.clients, call, present => {
    assertGrantable(present.api_grants, undefined, caller)
    assertRoom(present)
    return { ...present, secrets: [...present.secrets, secret], updatedAt: new Date(now) }
  })
  context.registry.clientChanged(client.account, client.id)
  const { id, created_at, expires_at = null } = secret as typeof secret & { expires_at?: Date }
  const headers = { ETag: etagOf(client), 'Cache-Control': 'no-store' }
  sendJson(res, 201, { id, client_secret: value, created_at, expires_at }, headers)
}

function hasBody({ req }: AdminCall): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers
  return encoding !== undefined || (length !== undefined && length !== '0')
}

function readExpiry(body: object, now: number): { expires_at?: Date } {
  const { expires_at: text } = body as { expires_at?: string }
  if (text === undefined) return {}
  const expiry = new Date(text)
  if (expiry.getTime() <= now) throw invalid([{ path: 'expires_at', message: 'must be in the future' }])
  return { expires_at: expiry }
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
  const { context, account, ids } = call
  const secretId = ids[1] ?? ''
  const client = await changeRecord(context.records.clients, call, present => {
    const secrets = present.secrets.filter(({ id }) => id !== secretId)
    if (secrets.length === present.secrets.length) throw notFound()
    return { ...present, secrets, updatedAt: new Date(context.clock.now()) }
  })
  context.registry.clientChanged(account.name, client.id)
  await context.records.secretUses.remove(account.name, secretId)
  sendRemoved(call)
}
