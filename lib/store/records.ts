import { API_FIELDS, CLIENT_FIELDS } from '../query/fields.js'
import type { RecordKind, StoredRecord } from './port.js'

/** One permission of an API; the value is the scope a client asks for. */
export interface Permission {
  value: string
  description?: string
  /** It is still granted, and marked where users are asked for it. Absent: it is not. */
  deprecated?: boolean
}

/** A registered API (a resource server). Members carry the wire's names. */
export interface ApiRecord extends StoredRecord {
  name: string
  slug: string
  identifier: string
  description?: string
  permissions: Permission[]
  signing_alg: 'RS256'
  token_dialect: 'access_token' | 'access_token_authz'
  token_lifetime: number
  enforce_policies: boolean
  allow_offline_access: boolean
  skip_consent: boolean
  is_system: boolean
}

export const API_KIND: RecordKind<ApiRecord> = {
  name: 'apis',
  idPrefix: 'api_',
  unique: ['slug', 'identifier'],
  indexes: ['name', 'permissions.value', 'updatedAt', 'token_lifetime'],
  text: ['name', 'slug', 'identifier', 'description'],
  fields: API_FIELDS,
}

/** One secret of a client, without its value: only the hash is kept. */
export interface ClientSecret {
  id: string
  /** SHA-256 of the secret, base64url. The secret has 256 random bits, so a fast hash is enough. */
  hash: string
  created_at: Date
  expires_at?: Date
}

/** A ceiling on what a client may get for one audience. */
export interface ApiGrant {
  audience: string
  scope: string[]
}

export type GrantType = 'client_credentials' | 'authorization_code' | 'refresh_token'

/** A client. Its id is its `client_id`. */
export interface ClientRecord extends StoredRecord {
  name: string
  description?: string
  application_type: 'web' | 'native' | 'spa' | 'm2m'
  is_first_party: boolean
  token_endpoint_auth_method: 'client_secret_basic' | 'client_secret_post' | 'none'
  grant_types: GrantType[]
  callbacks: string[]
  web_origins: string[]
  /** Exact URLs where a browser may go after it was signed out (RP-initiated logout). */
  logout_urls: string[]
  /** May be false for a confidential client alone. */
  require_pkce: boolean
  refresh_token: { token_lifetime: number }
  api_grants?: ApiGrant[]
  default_audience?: string
  secrets: ClientSecret[]
}

export const CLIENT_KIND: RecordKind<ClientRecord> = {
  name: 'clients',
  idPrefix: 'cli_',
  unique: [],
  indexes: ['name', 'api_grants.audience', 'web_origins', 'updatedAt'],
  text: ['name', 'description'],
  fields: CLIENT_FIELDS,
}

/**
 * When a secret was last used. Its own kind, because a use is not a change of the client: it must not move the client's ETag.
 * The id is the secret's.
 */
export interface SecretUseRecord extends StoredRecord {
  client_id: string
  last_used_at: Date
}

export const SECRET_USE_KIND: RecordKind<SecretUseRecord> = {
  name: 'secret_uses',
  idPrefix: 'sec_',
  unique: [],
  indexes: [],
  text: [],
  fields: {},
}

/** `next` is published and does not sign yet, `current` signs, `previous` is published and does not sign any more. */
export type KeyState = 'next' | 'current' | 'previous'

export interface SigningKeyEntry {
  /** RFC 7638 thumbprint of the public key. */
  kid: string
  state: KeyState
  created_at: Date
  /** Since when it stands in the key set. Absent in rings of earlier versions, as the next two are: since it was made. */
  published_at?: Date
  /** Since when it signs, or from when on it did; a `next` key has none. */
  activated_at?: Date
  /** Since when it does not sign any more: `previous` keys alone. */
  retired_at?: Date
  /** The public JWK, as JSON text. */
  public_jwk: string
  /** The private JWK as JSON text, or that text encrypted as a compact JWE. */
  private_jwk: string
}

/**
 * All signing keys of an account in one record, so that every step of a rotation is one compare-and-set
 * and two processes that make the first keys at the same moment end with the same ones.
 */
export interface KeyRingRecord extends StoredRecord {
  keys: SigningKeyEntry[]
}

export const KEY_RING_KIND: RecordKind<KeyRingRecord> = {
  name: 'key_rings',
  idPrefix: 'keys',
  unique: [],
  indexes: [],
  text: [],
  fields: {},
}
