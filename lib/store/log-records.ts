import { LOG_FIELDS } from '../query/fields.js'
import type { RecordKind, StoredRecord } from './port.js'

/** What the log tells of. */
export const LOG_TYPES = [
  'token.issued',
  'token.refused',
  'authorize.allowed',
  'authorize.denied',
  'refresh.reused',
  'grant.revoked',
  'consent.deleted',
  'api.created',
  'api.updated',
  'api.deleted',
  'client.created',
  'client.updated',
  'client.deleted',
  'secret.created',
  'secret.deleted',
  'key.created',
  'key.rotated',
  'key.deleted',
  'limit.reached',
  'admin.refused',
] as const

export type LogType = (typeof LOG_TYPES)[number]

/** A value before or after a change: plain data, or text that stands for more than there is room for. */
export type LoggedValue =
  | string
  | number
  | boolean
  | readonly LoggedValue[]
  | { readonly [member: string]: LoggedValue }

/** One field that a management call changed. Never a secret, nor its hash. */
export interface LoggedChange {
  field: string
  /** Absent: the field was not there. */
  before?: LoggedValue
  /** Absent: it is not there any more. */
  after?: LoggedValue
}

/** One entry of the log. It is never changed. */
export interface LogRecord extends StoredRecord {
  type: LogType
  /** The client that asked, or that it is about. Of a caller who has proven nothing: what it calls itself. */
  client_id?: string
  user?: string
  audience?: string
  scope?: string[]
  /** What the wire says (`invalid_client`). */
  code?: string
  /** Which rule refused: what the wire does not say. */
  detail?: string
  /** Who made the management call. */
  actor?: string
  /** The id of what was changed. */
  target?: string
  changes?: LoggedChange[]
  /** Where the request came from. */
  address?: string
  expires_at: Date
}

export const LOG_KIND: RecordKind<LogRecord> = {
  name: 'logs',
  idPrefix: 'log_',
  unique: [],
  indexes: ['type', 'client_id', 'user', 'audience', 'code', 'actor', 'target'],
  text: ['client_id', 'user', 'audience', 'actor', 'target'],
  fields: LOG_FIELDS,
  expiresAt: 'expires_at',
  isAppended: true,
}

/** How often the permissions of an API were granted on one day (UTC). Its id is `<api>.<day>`. */
export interface ApiUsageRecord extends StoredRecord {
  api_id: string
  /** Of every permission that was granted at all, how many access tokens have it. */
  granted: { value: string; count: number }[]
  expires_at: Date
}

export const API_USAGE_KIND: RecordKind<ApiUsageRecord> = {
  name: 'api_usage',
  idPrefix: '',
  unique: [],
  indexes: ['api_id'],
  text: [],
  fields: {},
  expiresAt: 'expires_at',
}
