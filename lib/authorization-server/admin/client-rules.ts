import { ManagementError } from '../../errors.js'
import type { ApiGrant, ClientRecord } from '../../store/records.js'
import type { AdminCaller } from '../context/context.js'
import { invalid } from '../schemas/validate.js'
import { MANAGEMENT_PERMISSIONS } from './catalogue.js'
import { managementScopes } from './managers.js'

/** Seconds a refresh token lives where a client says nothing. */
const REFRESH_LIFETIME = 2_592_000

/** What a client may be given; the check has made sure of it. */
export type ClientProperties = Partial<
  Pick<
    ClientRecord,
    | 'name'
    | 'description'
    | 'application_type'
    | 'is_first_party'
    | 'token_endpoint_auth_method'
    | 'grant_types'
    | 'callbacks'
    | 'web_origins'
    | 'logout_urls'
    | 'require_pkce'
    | 'api_grants'
    | 'default_audience'
  >
> & { refresh_token?: { token_lifetime?: number } }

/** A new client's properties: what is not given follows from the application type. */
export function withDefaults(given: ClientProperties & { name: string }): Omit<ClientRecord, OwnMember> {
  const { application_type = 'm2m' } = given
  const isPublic = application_type === 'spa' || application_type === 'native'
  const own = application_type === 'm2m' ? (['client_credentials'] as const) : USER_FLOWS
  return {
    is_first_party: false,
    token_endpoint_auth_method: isPublic ? 'none' : 'client_secret_basic',
    grant_types: [...own],
    callbacks: [],
    web_origins: [],
    logout_urls: [],
    require_pkce: true,
    ...given,
    application_type,
    refresh_token: { token_lifetime: REFRESH_LIFETIME, ...given.refresh_token },
  }
}

const USER_FLOWS = ['authorization_code', 'refresh_token'] as const

type OwnMember = 'id' | 'account' | 'revision' | 'createdAt' | 'updatedAt' | 'secrets'

/** What must hold between the members of a client, on creation and after every update. */
export function assertConsistent({
  application_type: type,
  token_endpoint_auth_method: method,
  grant_types,
  require_pkce,
}: Pick<ClientRecord, 'application_type' | 'token_endpoint_auth_method' | 'grant_types' | 'require_pkce'>): void {
  if (!require_pkce && method === 'none') {
    throw invalid([{ path: 'require_pkce', message: 'must be true where the client is public' }])
  }
  if (!grant_types.includes('client_credentials')) return
  // What runs at its user's cannot keep a secret (RFC 6749 §2.1, §4.4).
  if (type === 'spa' || type === 'native') {
    throw invalid([{ path: 'grant_types', message: `must not have client_credentials where the client is ${type}` }])
  }
  if (method === 'none') {
    throw invalid([{ path: 'grant_types', message: 'must not have client_credentials where the client is public' }])
  }
}

/**
 * Refuses to hand on what the caller does not hold of the management API.
 * @throws ManagementError `validation_error` (no such scope), `insufficient_scope`
 */
export function assertGrantable(wanted: readonly ApiGrant[] | undefined, caller: AdminCaller): void {
  if (managementScopes(wanted).some(scope => !CATALOGUE.has(scope))) {
    throw invalid([{ path: 'api_grants', message: 'must name scopes of the management API as they are' }])
  }
  assertHolds(wanted, caller, 'Only scopes of the management API that the caller holds can be granted.')
}

/**
 * Refuses to change or remove a client that holds more of the management API than the caller: whoever could would take
 * its rights away, or take them over.
 * @throws ManagementError `insufficient_scope`
 */
export function assertMayChange({ api_grants }: Pick<ClientRecord, 'api_grants'>, caller: AdminCaller): void {
  assertHolds(api_grants, caller, 'The client holds scopes of the management API that the caller does not hold.')
}

function assertHolds(grants: readonly ApiGrant[] | undefined, { scopes }: AdminCaller, message: string): void {
  const held = new Set(scopes)
  if (managementScopes(grants).every(scope => held.has(scope))) return
  throw new ManagementError('insufficient_scope', message)
}

const CATALOGUE: ReadonlySet<string> = new Set(MANAGEMENT_PERMISSIONS.map(({ value }) => value))
