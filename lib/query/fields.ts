/**
 * The fields that a query may name: the word in the query, where the value stands in the record, and its type,
 * to which query text is cast. What is not listed cannot be filtered on.
 */
export interface Field {
  /** Where the value stands in the stored record; dots step into objects and through lists. */
  path: string
  type: FieldType
}

export type FieldType = 'string' | 'number' | 'boolean' | 'date'

export type FieldTable = Readonly<Record<string, Field>>

const own = (path: string, type: FieldType = 'string'): Field => ({ path, type })

/** What `GET /apis?query=` understands. */
export const API_FIELDS: FieldTable = {
  id: own('id'),
  name: own('name'),
  slug: own('slug'),
  identifier: own('identifier'),
  description: own('description'),
  permission: own('permissions.value'),
  permissions: own('permissions.value'),
  signing_alg: own('signing_alg'),
  token_dialect: own('token_dialect'),
  token_lifetime: own('token_lifetime', 'number'),
  enforce_policies: own('enforce_policies', 'boolean'),
  allow_offline_access: own('allow_offline_access', 'boolean'),
  skip_consent: own('skip_consent', 'boolean'),
  is_system: own('is_system', 'boolean'),
  createdAt: own('createdAt', 'date'),
  updatedAt: own('updatedAt', 'date'),
}

/** What `GET /clients?query=` understands. */
export const CLIENT_FIELDS: FieldTable = {
  id: own('id'),
  client_id: own('id'),
  name: own('name'),
  description: own('description'),
  application_type: own('application_type'),
  is_first_party: own('is_first_party', 'boolean'),
  token_endpoint_auth_method: own('token_endpoint_auth_method'),
  grant_types: own('grant_types'),
  callbacks: own('callbacks'),
  web_origins: own('web_origins'),
  logout_urls: own('logout_urls'),
  require_pkce: own('require_pkce', 'boolean'),
  'refresh_token.token_lifetime': own('refresh_token.token_lifetime', 'number'),
  'api_grants.audience': own('api_grants.audience'),
  'api_grants.scope': own('api_grants.scope'),
  default_audience: own('default_audience'),
  createdAt: own('createdAt', 'date'),
  updatedAt: own('updatedAt', 'date'),
}

/** What `GET /consents?query=` understands. */
export const CONSENT_FIELDS: FieldTable = {
  id: own('id'),
  user: own('user'),
  client_id: own('client_id'),
  audience: own('audience'),
  scope: own('scope'),
  createdAt: own('createdAt', 'date'),
  updatedAt: own('updatedAt', 'date'),
}

/** What `GET /grants?query=` understands. */
export const GRANT_FIELDS: FieldTable = {
  id: own('id'),
  user: own('user'),
  client_id: own('client_id'),
  audience: own('audience'),
  scope: own('scope'),
  consent_id: own('consent_id'),
  createdAt: own('createdAt', 'date'),
  expiresAt: own('expires_at', 'date'),
}

/** What `GET /logs?query=` understands. */
export const LOG_FIELDS: FieldTable = {
  id: own('id'),
  type: own('type'),
  client_id: own('client_id'),
  user: own('user'),
  audience: own('audience'),
  scope: own('scope'),
  code: own('code'),
  detail: own('detail'),
  actor: own('actor'),
  target: own('target'),
  'changes.field': own('changes.field'),
  address: own('address'),
  createdAt: own('createdAt', 'date'),
}
