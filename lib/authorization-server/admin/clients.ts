import { readManagementBody } from '../../http/parameters.js'
import { CLIENT_FIELDS } from '../../query/fields.js'
import { eq } from '../../query/tree.js'
import { createId } from '../../store/ids.js'
import { CLIENT_KIND, type ClientRecord, type ClientSecret } from '../../store/records.js'
import { createSecret, createSecretValue } from '../client-secrets.js'
import type { ServerContext } from '../context.js'
import { validateClientCreation, validateClientUpdate } from '../schemas/client.js'
import { assertConsistent, assertGrantable, type ClientProperties, withDefaults } from './client-rules.js'
import { listPage } from './listing.js'
import {
  type AdminCall,
  changeRecord,
  getRecord,
  removeRecord,
  sendCreated,
  sendPage,
  sendRecord,
  sendRemoved,
} from './resource.js'
import { MAX_SECRETS } from './secrets.js'

/** `POST /clients`: the one answer that has the secret. */
export async function createClient(call: AdminCall): Promise<void> {
  const { context, account } = call
  const body = await readManagementBody(call.req)
  validateClientCreation(body)
  const properties = withDefaults(body as ClientProperties & { name: string })
  assertConsistent(properties)
  assertGrantable(properties.api_grants, undefined, call.caller)
  const now = context.clock.now()
  const isPublic = properties.token_endpoint_auth_method === 'none'
  const value = createSecretValue()
  const client = await context.records.clients.insert({
    ...properties,
    id: createId(CLIENT_KIND.idPrefix, now),
    account: account.name,
    revision: 1,
    createdAt: new Date(now),
    updatedAt: new Date(now),
    secrets: isPublic ? [] : [createSecret(value, now)],
  })
  context.registry.clientChanged(client.account, client.id)
  sendCreated(call, client, isPublic ? showClient(client) : { ...showClient(client), client_secret: value })
}

/** `GET /clients` */
export async function listClients(call: AdminCall): Promise<void> {
  const list = { name: CLIENT_KIND.name, collection: call.context.records.clients, fields: CLIENT_FIELDS }
  const { results, next } = await listPage(call.req.url ?? '', call.account.name, list)
  sendPage(call, { results: results.map(showClient), next })
}

/** `GET /clients/:client_id`: with its secrets, without their values. */
export async function readClient(call: AdminCall): Promise<void> {
  const client = await getRecord(call.context.records.clients, call)
  const secrets = await showSecrets(client, call.context)
  sendRecord(call, client, { ...showClient(client), secrets })
}

/** `POST /clients/:client_id`: what is not named stays as it is; a client that becomes public loses its secrets. */
export async function updateClient(call: AdminCall): Promise<void> {
  const { context, caller } = call
  const body = await readManagementBody(call.req)
  const changed = await changeRecord(context.records.clients, call, client => {
    validateClientUpdate(body)
    if (Object.keys(body).length === 0) return client
    const update = body as ClientProperties
    assertGrantable(update.api_grants, client.api_grants, caller)
    return applyUpdate(client, update, context.clock.now())
  })
  context.registry.clientChanged(changed.account, changed.id)
  sendRecord(call, changed, { ...showClient(changed), secrets: await showSecrets(changed, context) })
}

function applyUpdate(client: ClientRecord, update: ClientProperties, now: number): ClientRecord {
  const changed = {
    ...client,
    ...update,
    refresh_token: { ...client.refresh_token, ...update.refresh_token },
    updatedAt: new Date(now),
  }
  assertConsistent(changed)
  return changed.token_endpoint_auth_method === 'none' ? { ...changed, secrets: [] } : changed
}

/** `DELETE /clients/:client_id` */
export async function deleteClient(call: AdminCall): Promise<void> {
  const { records, registry } = call.context
  const client = await removeRecord(records.clients, call, () => undefined)
  registry.clientChanged(client.account, client.id)
  for (const use of await usesOf(client, call.context)) await records.secretUses.remove(client.account, use.id)
  sendRemoved(call)
}

function usesOf(client: ClientRecord, { records }: ServerContext) {
  const filter = eq('client_id', client.id)
  return records.secretUses.find(client.account, { filter, limit: 10 * MAX_SECRETS })
}

async function showSecrets(client: ClientRecord, context: ServerContext): Promise<object[]> {
  const uses = new Map((await usesOf(client, context)).map(use => [use.id, use.last_used_at]))
  return client.secrets.map(secret => showSecret(secret, uses.get(secret.id)))
}

function showSecret({ id, created_at, expires_at }: ClientSecret, lastUsed?: Date): object {
  return { id, created_at, expires_at: expires_at ?? null, last_used_at: lastUsed ?? null }
}

/** A client as it is shown: nothing of its secrets. */
function showClient(client: ClientRecord): object {
  const { id, account, revision, secrets, createdAt, updatedAt, ...shown } = client
  return { client_id: id, id, ...shown, createdAt, updatedAt }
}
