import { readManagementBody } from '../../http/parameters.js'
import { CLIENT_FIELDS } from '../../query/fields.js'
import { createId } from '../../store/ids.js'
import { CLIENT_KIND, type ClientRecord, type ClientSecret } from '../../store/records.js'
import { createSecret, createSecretValue } from '../clients/client-secrets.js'
import { validateClientCreation, validateClientUpdate } from '../schemas/client.js'
import {
  assertConsistent,
  assertGrantable,
  assertMayChange,
  type ClientProperties,
  withDefaults,
} from './client-rules.js'
import { endAuthorizations } from './authorizations.js'
import { reportChange } from './changes.js'
import { listPage } from './listing.js'
import {
  type AdminCall,
  changeRecord,
  getRecord,
  removeRecord,
  removeWithRest,
  type Resource,
  sendCreated,
  sendPage,
  sendRecord,
  sendRemoved,
} from './resource.js'

/** `POST /clients`: the one answer that has the secret. */
export async function createClient(call: AdminCall): Promise<void> {
  const { context, account } = call
  const body = await readManagementBody(call.req)
  assertClientCreation(body)
  const properties = withDefaults(body)
  assertConsistent(properties)
  assertGrantable(properties.api_grants, call.caller)
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
  reportChange(call, REPORTED, null, client)
  sendCreated(call, client, isPublic ? showClient(client) : { ...showClient(client), client_secret: value })
}

function assertClientCreation(body: object): asserts body is ClientProperties & { name: string } {
  validateClientCreation(body)
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
  sendClient(call, client, await lastUsed(call, client))
}

/** `POST /clients/:client_id`: what is not named stays as it is; a client that becomes public loses its secrets. */
export async function updateClient(call: AdminCall): Promise<void> {
  const update = await readManagementBody(call.req)
  let uses: Uses = new Map()
  const changed = await changeClient(call, async client => {
    const altered = alterClient(client, update, call)
    // Before the change: once it is done, nothing that fails may say that it is not.
    uses = await lastUsed(call, client)
    return altered
  })
  sendClient(call, changed, uses)
}

/** The client after an update; the same one where nothing is to change. */
export function alterClient(client: ClientRecord, update: object, { context, caller }: AdminCall): ClientRecord {
  assertClientUpdate(update)
  assertGrantable(update.api_grants, caller)
  return Object.keys(update).length === 0 ? client : applyUpdate(client, update, context.clock.now())
}

function assertClientUpdate(body: object): asserts body is ClientProperties {
  validateClientUpdate(body)
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

/** `DELETE /clients/:client_id`: what users have authorized it for ends. */
export async function deleteClient(call: AdminCall): Promise<void> {
  const { records, managers } = call.context
  const remove = async (): Promise<void> => {
    const client = await removeRecord(
      clientsOf(call),
      call,
      present => assertMayChange(present, call.caller),
      present =>
        managers.keepOne(present, null, () => records.clients.remove(present.account, present.id, present.revision)),
    )
    clientChanged(call, client, client.secrets)
  }
  await removeWithRest(call, remove, id => endAuthorizations(call, 'client_id', id))
  sendRemoved(call)
}

/** Changes a client, if the caller may and the account can still be managed afterwards. */
export async function changeClient(
  call: AdminCall,
  alter: (client: ClientRecord) => ClientRecord | Promise<ClientRecord>,
): Promise<ClientRecord> {
  const { records, managers } = call.context
  let before: readonly ClientSecret[] = []
  const changed = await changeRecord(
    clientsOf(call),
    call,
    client => {
      assertMayChange(client, call.caller)
      before = client.secrets
      return alter(client)
    },
    (next, present) => managers.keepOne(present, next, () => records.clients.replace(next, present.revision)),
  )
  const kept = new Set(changed.secrets.map(({ id }) => id))
  clientChanged(
    call,
    changed,
    before.filter(({ id }) => !kept.has(id)),
  )
  return changed
}

/** @param gone secrets that the client has no more */
function clientChanged({ context }: AdminCall, { account, id }: ClientRecord, gone: readonly ClientSecret[]): void {
  context.registry.clientChanged(account, id)
  context.secretUses.forget(account, id, gone)
}

type Uses = ReadonlyMap<string, Date>

function lastUsed({ context }: AdminCall, { account, secrets }: ClientRecord): Promise<Uses> {
  return context.secretUses.lastUsed(account, secrets)
}

function sendClient(call: AdminCall, client: ClientRecord, uses: Uses): void {
  const secrets = client.secrets.map(secret => showSecret(secret, uses.get(secret.id)))
  sendRecord(call, client, { ...showClient(client), secrets })
}

function showSecret({ id, created_at, expires_at }: ClientSecret, lastUsed?: Date): object {
  return { id, created_at, expires_at: expires_at ?? null, last_used_at: lastUsed ?? null }
}

/** A client as it is shown: nothing of its secrets. */
function showClient(client: ClientRecord): object {
  const { id, account, revision, secrets, createdAt, updatedAt, ...shown } = client
  return { client_id: id, id, ...shown, createdAt, updatedAt }
}

const REPORTED = { type: 'client', show: showClient, secretsOf: ({ secrets }: ClientRecord) => secrets } as const

const clientsOf = ({ context }: AdminCall): Resource<ClientRecord> => ({
  collection: context.records.clients,
  reported: REPORTED,
})
