import type { HttpRequest } from '../../http/handler.js'
import type { ApiUsageRecord, LogRecord } from '../../store/log-records.js'
import type { Collection } from '../../store/port.js'
import type { ApiRecord, ClientRecord, KeyRingRecord, SecretUseRecord } from '../../store/records.js'
import type {
  AuthorizationCodeRecord,
  AuthorizationRequestRecord,
  ConsentRecord,
  GrantRecord,
  RevokedTokenRecord,
  SessionRecord,
  SignInRecord,
} from '../../store/user-records.js'

/** The audience of the management API in every account. */
export const MANAGEMENT_AUDIENCE = 'urn:scopegate:management'

/** An isolated tenant, as it concerns one request. */
export interface Account {
  /** `[a-z0-9-]+` */
  name: string
  /** Without a trailing slash. */
  issuer: string
  /** What stands before every path of this account in the URL (`/t/acme`), or empty. */
  mountPath: string
}

/** An account as a resolver names it; without a `mountPath` there is none. */
export type ResolvedAccount = Omit<Account, 'mountPath'> & { mountPath?: string | undefined }

/**
 * Says which account a request is for; null: none, which is answered with 404. It is asked for requests alone whose path
 * could be one that is served; its answer is checked, and one that is wrong, or an error, is a fault: 500.
 */
export type AccountResolver = (req: HttpRequest) => ResolvedAccount | null | PromiseLike<ResolvedAccount | null>

/** The records, one collection per kind. */
export interface Records {
  apis: Collection<ApiRecord>
  clients: Collection<ClientRecord>
  keyRings: Collection<KeyRingRecord>
  secretUses: Collection<SecretUseRecord>
  authorizationRequests: Collection<AuthorizationRequestRecord>
  authorizationCodes: Collection<AuthorizationCodeRecord>
  grants: Collection<GrantRecord>
  consents: Collection<ConsentRecord>
  sessions: Collection<SessionRecord>
  signIns: Collection<SignInRecord>
  revokedTokens: Collection<RevokedTokenRecord>
  logs: Collection<LogRecord>
  apiUsage: Collection<ApiUsageRecord>
}

/** What the token endpoint reads on every request, cached in bounded size and age. A write in this process clears it at once. */
export interface Registry {
  client(account: string, clientId: string): Promise<ClientRecord | null> | ClientRecord | null
  api(account: string, identifier: string): Promise<ApiRecord | null> | ApiRecord | null
  /** Stands this origin in `web_origins` of a client of the account? */
  isWebOrigin(account: string, origin: string): Promise<boolean>
  clientChanged(account: string, clientId: string): void
  apiChanged(account: string, identifier: string): void
}

/** Who calls the management API. */
export interface AdminCaller {
  /** The management scopes the caller holds; only these can be handed on in `api_grants`. */
  scopes: readonly string[]
  /**
   * Who that is, for events, the log and the limits: 1 to 255 visible ASCII characters. Absent: they do not say, and calls
   * are counted by address.
   */
  actor?: string
}

/** The host application's own check of management calls. Rejecting with a ManagementError or OAuthError refuses the call. */
export type AuthorizeAdmin = (req: HttpRequest, scope: string, account: Account) => AdminCaller | Promise<AdminCaller>
