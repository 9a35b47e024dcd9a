import { CONSENT_FIELDS, GRANT_FIELDS } from '../query/fields.js'
import type { RecordKind, StoredRecord } from './port.js'

/** A valid request to `/authorize`, kept until it is decided. Its id stands in the URL; nothing later is read from a URL again. */
export interface AuthorizationRequestRecord extends StoredRecord {
  client_id: string
  redirect_uri: string
  /** Did the request name it? Then the exchange must name it too (RFC 6749 §4.1.3). */
  redirect_uri_given: boolean
  state?: string
  /** The API's identifier, or `<issuer>/userinfo`. */
  audience: string
  /** Absent where the token is for `<issuer>/userinfo`. An API registered again under one identifier is another one. */
  api_id?: string
  /** What was asked and may be had: of the API first, then `openid`, `profile`, `email`, `offline_access`. */
  scope: string[]
  nonce?: string
  code_challenge?: string
  prompt: string[]
  /** Seconds. */
  max_age?: number
  login_hint?: string
  /** SHA-256, base64url, of the value of the browser's cookie. */
  browser: string
  /** How often the browser was sent to sign in. Absent: never. */
  sign_ins?: number
  expires_at: Date
}

export const AUTHORIZATION_REQUEST_KIND: RecordKind<AuthorizationRequestRecord> = {
  name: 'authorization_requests',
  idPrefix: 'req_',
  unique: [],
  indexes: [],
  text: [],
  fields: {},
  expiresAt: 'expires_at',
}

/** An authorization code. Its id is the SHA-256 of the code, base64url. */
export interface AuthorizationCodeRecord extends StoredRecord {
  grant_id: string
  client_id: string
  redirect_uri: string
  redirect_uri_given: boolean
  code_challenge?: string
  nonce?: string
  used: boolean
  /** Until then it can be exchanged; the record stays a while longer, so that a replay is seen. */
  valid_until: Date
  expires_at: Date
}

export const AUTHORIZATION_CODE_KIND: RecordKind<AuthorizationCodeRecord> = {
  name: 'authorization_codes',
  idPrefix: '',
  unique: [],
  indexes: [],
  text: [],
  fields: {},
  expiresAt: 'expires_at',
}

/** What a user let a client have of one API, and the family of refresh tokens that rests on it: one authorization each. */
export interface GrantRecord extends StoredRecord {
  user: string
  client_id: string
  /** The API's identifier, or `<issuer>/userinfo`. */
  audience: string
  /** Absent where the token is for `<issuer>/userinfo`. */
  api_id?: string
  /** Scopes of the API first, then those of OpenID Connect and `offline_access`. */
  scope: string[]
  /** The consent it rests on; absent where none was asked. */
  consent_id?: string
  /** When the user signed in, in seconds; absent: unknown. */
  auth_time?: number
  /** The user's claims as JSON text, as the host gave them at sign-in. */
  claims?: string
  /**
   * Derives each refresh token from the one before: worth nothing without one of them. 256 random bits, base64url.
   * Absent: there are none.
   */
  family_secret?: string
  /** SHA-256, base64url, of the refresh token that is good now. */
  token_hash?: string
  /** The same of the one before it. */
  previous_hash?: string
  rotated_at?: Date
  /** When the grant ends, refresh tokens included, however often they are used. */
  expires_at: Date
}

export const GRANT_KIND: RecordKind<GrantRecord> = {
  name: 'grants',
  idPrefix: 'gra_',
  unique: [],
  indexes: ['user', 'client_id', 'audience', 'api_id', 'consent_id'],
  text: ['user', 'client_id', 'audience'],
  fields: GRANT_FIELDS,
  expiresAt: 'expires_at',
}

/** What a user allowed a client of one API, remembered. */
export interface ConsentRecord extends StoredRecord {
  user: string
  client_id: string
  audience: string
  api_id?: string
  scope: string[]
  /** SHA-256, base64url, of user, client and API: there is one consent for each. */
  key: string
}

export const CONSENT_KIND: RecordKind<ConsentRecord> = {
  name: 'consents',
  idPrefix: 'con_',
  unique: ['key'],
  indexes: ['user', 'client_id', 'audience', 'api_id'],
  text: ['user', 'client_id', 'audience'],
  fields: { ...CONSENT_FIELDS, key: { path: 'key', type: 'string' } },
}

/** A sign-in that is kept by us. Its id is the SHA-256 of the cookie's value, base64url. */
export interface SessionRecord extends StoredRecord {
  user: string
  /** Seconds. */
  auth_time: number
  /** The user's claims, as JSON text. */
  claims?: string
  /** What signed the user in (`demo`, or the provider's issuer). */
  source: string
  expires_at: Date
}

export const SESSION_KIND: RecordKind<SessionRecord> = {
  name: 'sessions',
  idPrefix: '',
  unique: [],
  indexes: [],
  text: [],
  fields: {},
  expiresAt: 'expires_at',
}

/** A sign-in at another provider that was begun. Its id is the SHA-256 of `state`, base64url. */
export interface SignInRecord extends StoredRecord {
  nonce: string
  code_verifier: string
  return_to: string
  /** SHA-256, base64url, of the value of the browser's cookie. */
  browser: string
  expires_at: Date
}

export const SIGN_IN_KIND: RecordKind<SignInRecord> = {
  name: 'sign_ins',
  idPrefix: '',
  unique: [],
  indexes: [],
  text: [],
  fields: {},
  expiresAt: 'expires_at',
}

/** An access token that was revoked. Its id is the token's `jti`. */
export interface RevokedTokenRecord extends StoredRecord {
  /** The token's own end. */
  expires_at: Date
}

export const REVOKED_TOKEN_KIND: RecordKind<RevokedTokenRecord> = {
  name: 'revoked_tokens',
  idPrefix: '',
  unique: [],
  indexes: [],
  text: [],
  fields: {},
  expiresAt: 'expires_at',
}
