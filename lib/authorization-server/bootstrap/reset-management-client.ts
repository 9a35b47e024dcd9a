import { type Clock, systemClock } from '../../clock.js'
import { ConflictError } from '../../errors.js'
import type { Store } from '../../store/port.js'
import { API_KIND, type ApiGrant, type ApiRecord, CLIENT_KIND, type ClientRecord } from '../../store/records.js'
import { MANAGEMENT_PERMISSIONS } from '../admin/catalogue.js'
import {
  type CatalogueContext,
  type CreatedManagementClient,
  createManagementClient,
  ensureManagementApi,
  managementClientId,
  union,
  valuesOf,
} from './bootstrap.js'
import { createSecret, createSecretValue } from '../clients/client-secrets.js'
import { type Account, MANAGEMENT_AUDIENCE } from '../context/context.js'
import { createEmit, type Emit } from '../context/events.js'
import { createRegistry } from '../context/registry.js'

/**
 * Mends accounts that nobody can manage any more. In each one the management client gets one new secret beside those it has,
 * every scope of the management API, and what makes it usable; where it is absent it is made. Opens no signing key.
 *
 * A server that runs on the same store sees the change when the client's record is read again, within 15 seconds.
 *
 * @param clientId of the management client; default: the one that is made at start
 * @returns each account's client with its new secret, which cannot be had again
 * @throws StoreUnavailableError
 * @throws StoreLockedError
 */
export async function resetManagementClients({
  accounts,
  store,
  clientId,
  clock = systemClock,
  onEvent,
}: {
  accounts: readonly Account[]
  store: Store
  clientId?: string | undefined
  clock?: Clock
  onEvent?: Emit
}): Promise<Required<CreatedManagementClient>[]> {
  const [apis, clients] = await Promise.all([store.collection(API_KIND), store.collection(CLIENT_KIND)])
  const records = { apis, clients }
  const managementClient = clientId === undefined ? {} : { id: clientId }
  const registry = createRegistry(records, clock)
  const context = { clock, records, registry, permissions: MANAGEMENT_PERMISSIONS, managementClient }
  const emit = createEmit(onEvent)
  const reset: Required<CreatedManagementClient>[] = []
  for (const account of accounts) {
    const made = await resetManagementClient(account, context)
    emit({ type: 'management_client.reset', account: account.name, clientId: made.clientId })
    reset.push(made)
  }
  return reset
}

async function resetManagementClient(
  account: Account,
  context: CatalogueContext,
): Promise<Required<CreatedManagementClient>> {
  const { clock, records, registry } = context
  const clientSecret = createSecretValue()
  for (;;) {
    const api = await ensureManagementApi(account, context)
    const id = managementClientId(api, context)
    const known = await records.clients.get(account.name, id)
    const stored =
      known === null
        ? await insertUnlessThere(
            createManagementClient({ id, account: account.name }, clientSecret, api, clock.now()),
            context,
          )
        : await records.clients.replace(mend(known, clientSecret, api, clock.now()), known.revision)
    registry.clientChanged(account.name, id)
    if (stored !== null) return { account: account.name, issuer: account.issuer, clientId: id, clientSecret }
  }
}

/** null: it was made meanwhile. */
async function insertUnlessThere(client: ClientRecord, { records }: CatalogueContext): Promise<ClientRecord | null> {
  try {
    return await records.clients.insert(client)
  } catch (error) {
    if (error instanceof ConflictError) return null
    throw error
  }
}

/** The client as it was, and all that a client needs to manage an account. */
function mend(client: ClientRecord, secret: string, api: ApiRecord, now: number): ClientRecord {
  const isPublic = client.token_endpoint_auth_method === 'none'
  return {
    ...client,
    ...(isPublic && { token_endpoint_auth_method: 'client_secret_basic' as const }),
    grant_types: client.grant_types.includes('client_credentials')
      ? client.grant_types
      : [...client.grant_types, 'client_credentials'],
    api_grants: grantAll(client.api_grants ?? [], valuesOf(api.permissions)),
    default_audience: client.default_audience ?? MANAGEMENT_AUDIENCE,
    secrets: [...client.secrets, createSecret(secret, now)],
    updatedAt: new Date(now),
  }
}

function grantAll(grants: readonly ApiGrant[], scope: readonly string[]): ApiGrant[] {
  const isManagement = ({ audience }: ApiGrant): boolean => audience === MANAGEMENT_AUDIENCE
  if (!grants.some(isManagement)) return [...grants, { audience: MANAGEMENT_AUDIENCE, scope: [...scope] }]
  return grants.map(grant => (isManagement(grant) ? { ...grant, scope: union(grant.scope, scope) } : grant))
}
