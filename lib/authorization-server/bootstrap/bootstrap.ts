import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import { ConflictError } from '../../errors.js'
import { eq } from '../../query/tree.js'
import { createId } from '../../store/ids.js'
import { API_KIND, type ApiRecord, CLIENT_KIND, type ClientRecord, type Permission } from '../../store/records.js'
import { findFirst } from '../../store/walk.js'
import { createSecret, createSecretValue } from '../clients/client-secrets.js'
import { type Account, MANAGEMENT_AUDIENCE, type Records, type Registry } from '../context/context.js'
import type { Emit } from '../context/events.js'
import { isInsecure } from '../context/issuer.js'
import type { SigningKeys } from '../keys/signing-keys.js'

/** A management client that was made just now. */
export interface CreatedManagementClient {
  account: string
  issuer: string
  clientId: string
  /** Only where it was generated; it cannot be had again. */
  clientSecret?: string
}

export interface ManagementClientOption {
  id?: string
  secret?: string
}

export interface BootstrapContext {
  clock: Clock
  records: Records
  registry: Registry
  signingKeys: Pick<SigningKeys, 'publicKeys'>
  emit: Emit
  /** The catalogue of the management API. */
  permissions: readonly Permission[]
  managementClient: ManagementClientOption
}

/** What the catalogue of an account is brought up to date with. */
export interface CatalogueContext extends Omit<BootstrapContext, 'signingKeys' | 'emit' | 'records'> {
  records: Pick<Records, 'apis' | 'clients'>
}

/** Opens accounts: what must stand in the store before one is served. */
export interface Bootstrap {
  /** Idempotent, and once for each account in this process. Opens no private key. */
  open(account: Account): Promise<void> | undefined
  /** The management clients made since the last call, the oldest first, 1 000 at most: of more, the oldest are forgotten. */
  takeCreated(): CreatedManagementClient[]
}

/** How many clients are kept that nobody took. */
const MAX_CREATED = 1_000

/** Seconds a token for the management API lives. */
const MANAGEMENT_TOKEN_LIFETIME = 3_600

/** Remembers 10 000 opened accounts; one that was forgotten is opened again, which changes nothing. */
export function createBootstrap(context: BootstrapContext): Bootstrap {
  const opened = new LRUCache<string, true>({ max: 10_000 })
  const running = new Map<string, Promise<void>>()
  let created: CreatedManagementClient[] = []

  async function openAccount(account: Account): Promise<void> {
    await context.signingKeys.publicKeys(account.name)
    const api = await ensureManagementApi(account, context)
    const client = await ensureManagementClient(account, api, context)
    if (client !== null) created = [...created, client].slice(-MAX_CREATED)
    opened.set(account.name, true)
    announceInsecure(account, context.emit)
    context.emit({ type: 'account.opened', account: account.name, issuer: account.issuer })
  }

  return {
    takeCreated() {
      const taken = created
      created = []
      return taken
    },
    open(account) {
      if (opened.get(account.name)) return undefined
      let opening = running.get(account.name)
      if (opening === undefined) {
        opening = openAccount(account).finally(() => running.delete(account.name))
        running.set(account.name, opening)
      }
      return opening
    },
  }
}

function announceInsecure({ name: account, issuer }: Account, emit: Emit): void {
  if (isInsecure(new URL(issuer))) emit({ type: 'issuer.insecure', code: 'insecure_issuer', account, issuer })
}

/**
 * The management API as this version needs it. Its catalogue only ever grows: another version, earlier or later, may serve
 * the same account.
 */
export async function ensureManagementApi(account: Account, context: CatalogueContext): Promise<ApiRecord> {
  for (;;) {
    const known = await findManagementApi(account, context)
    if (known === null) {
      const made = await insertManagementApi(account, context)
      if (made !== null) return made
    } else if (isUpToDate(known, context)) {
      return known
    } else {
      // The client first: should this process die in between, the next start finds the same difference again.
      await widenManagementClient(account, known, context)
      const stored = await context.records.apis.replace(bringUpToDate(known, context), known.revision)
      context.registry.apiChanged(account.name, MANAGEMENT_AUDIENCE)
      if (stored !== null) return stored
    }
  }
}

function isUpToDate(api: ApiRecord, { permissions }: CatalogueContext): boolean {
  const values = new Set(valuesOf(api.permissions))
  return api.token_lifetime === MANAGEMENT_TOKEN_LIFETIME && permissions.every(({ value }) => values.has(value))
}

/** This version's permissions in their order, as they are stored where they are; then what another version has added. */
function bringUpToDate(api: ApiRecord, { permissions, clock }: CatalogueContext): ApiRecord {
  const stored = new Map(api.permissions.map(permission => [permission.value, permission]))
  const own = permissions.map(permission => stored.get(permission.value) ?? { ...permission })
  for (const { value } of permissions) stored.delete(value)
  return {
    ...api,
    permissions: [...own, ...stored.values()],
    token_lifetime: MANAGEMENT_TOKEN_LIFETIME,
    updatedAt: new Date(clock.now()),
  }
}

/**
 * Where the catalogue has grown, the client made at start that had all of the old one gets what was added too: scopes are
 * handed on only by who holds them, so nobody could ever get the new ones otherwise. A client that was narrowed stays so.
 */
async function widenManagementClient(account: Account, old: ApiRecord, context: CatalogueContext): Promise<void> {
  const { records, registry, clock, permissions } = context
  for (;;) {
    const client = await records.clients.get(account.name, managementClientId(old, context))
    const grant = client?.api_grants?.find(({ audience }) => audience === MANAGEMENT_AUDIENCE)
    if (client === null || grant === undefined) return
    if (!old.permissions.every(({ value }) => grant.scope.includes(value))) return
    const scope = union(grant.scope, valuesOf(permissions))
    if (scope.length === grant.scope.length) return
    const api_grants = client.api_grants?.map(entry => (entry === grant ? { ...entry, scope } : entry)) ?? []
    const updated = { ...client, api_grants, updatedAt: new Date(clock.now()) }
    const stored = await records.clients.replace(updated, client.revision)
    registry.clientChanged(account.name, client.id)
    if (stored !== null) return
  }
}

/** What the first list has, then what the second one adds. */
export function union(present: readonly string[], wanted: readonly string[]): string[] {
  return [...present, ...wanted.filter(value => !present.includes(value))]
}

export function valuesOf(permissions: readonly Permission[]): string[] {
  return permissions.map(({ value }) => value)
}

/** The id that is given, or one that follows from the management API's, so that every process makes the same client. */
export function managementClientId(
  api: ApiRecord,
  { managementClient }: Pick<BootstrapContext, 'managementClient'>,
): string {
  return managementClient.id ?? api.id.replace(API_KIND.idPrefix, CLIENT_KIND.idPrefix)
}

function findManagementApi(account: Account, { records }: CatalogueContext): Promise<ApiRecord | null> {
  return findFirst(records.apis, account.name, eq('identifier', MANAGEMENT_AUDIENCE))
}

/** null: another process was faster. */
async function insertManagementApi(account: Account, context: CatalogueContext): Promise<ApiRecord | null> {
  const now = context.clock.now()
  const id = createId(API_KIND.idPrefix, now)
  for (const slug of ['scopegate-management', id.replace('_', '-')]) {
    try {
      return await context.records.apis.insert(createManagementApi({ id, slug, account: account.name }, now, context))
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      if (error.fields.includes('identifier')) return null
    }
  }
  return null
}

function createManagementApi(
  own: { id: string; slug: string; account: string },
  now: number,
  { permissions }: CatalogueContext,
): ApiRecord {
  return {
    ...own,
    revision: 1,
    createdAt: new Date(now),
    updatedAt: new Date(now),
    name: 'Management API',
    identifier: MANAGEMENT_AUDIENCE,
    permissions: permissions.map(permission => ({ ...permission })),
    signing_alg: 'RS256',
    token_dialect: 'access_token_authz',
    token_lifetime: MANAGEMENT_TOKEN_LIFETIME,
    enforce_policies: true,
    allow_offline_access: false,
    skip_consent: false,
    is_system: true,
  }
}

/**
 * The client that manages the account. Where an id is given, that client is made if it is absent; else one is made if
 * no client of the account was granted anything of the management API. Its id then comes from the management API's,
 * so that two processes which start at once make one client.
 */
async function ensureManagementClient(
  account: Account,
  api: ApiRecord,
  context: BootstrapContext,
): Promise<CreatedManagementClient | null> {
  const { managementClient, records } = context
  const id = managementClientId(api, context)
  if ((await records.clients.get(account.name, id)) !== null) return null
  if (managementClient.id === undefined && (await hasManagementClient(account, records))) return null
  const secret = managementClient.secret ?? createSecretValue()
  try {
    await records.clients.insert(
      createManagementClient({ id, account: account.name }, secret, api, context.clock.now()),
    )
  } catch (error) {
    if (error instanceof ConflictError) return null
    throw error
  }
  context.registry.clientChanged(account.name, id)
  context.emit({ type: 'management_client.created', account: account.name, clientId: id })
  const { name, issuer } = account
  const known = { account: name, issuer, clientId: id }
  return managementClient.secret === undefined ? { ...known, clientSecret: secret } : known
}

async function hasManagementClient(account: Account, { clients }: Records): Promise<boolean> {
  return (await findFirst(clients, account.name, eq('api_grants.audience', MANAGEMENT_AUDIENCE))) !== null
}

/** The client that manages an account: it is granted the whole catalogue as it is stored. */
export function createManagementClient(
  own: { id: string; account: string },
  secret: string,
  api: ApiRecord,
  now: number,
): ClientRecord {
  return {
    ...own,
    revision: 1,
    createdAt: new Date(now),
    updatedAt: new Date(now),
    name: 'Management client',
    application_type: 'm2m',
    is_first_party: true,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
    callbacks: [],
    web_origins: [],
    logout_urls: [],
    require_pkce: true,
    refresh_token: { token_lifetime: 2_592_000 },
    api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: valuesOf(api.permissions) }],
    default_audience: MANAGEMENT_AUDIENCE,
    secrets: [createSecret(secret, now)],
  }
}
