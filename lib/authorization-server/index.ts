export { accountsByHost, accountsByPath, type ListedAccounts } from './accounts/accounts.js'
export { type AuthorizationServer, authorizationServer } from './authorization-server.js'
export type { CreatedManagementClient, ManagementClientOption } from './bootstrap/bootstrap.js'
export {
  type Account,
  type AccountResolver,
  type AdminCaller,
  type AuthorizeAdmin,
  MANAGEMENT_AUDIENCE,
  type ResolvedAccount,
} from './context/context.js'
export type { ServerContext } from './admin/admin-context.js'
export type { ServerEvent } from './context/events.js'
export type { IssuerChecks } from './context/issuer.js'
export type { MetricsRegistry } from './metrics/registry.js'
export type { EncryptionKey, EncryptionKeys, EncryptionOption } from './keys/key-encryption.js'
export type { KeyManagement, ManagedKey } from './keys/key-management.js'
export type { KeyRotationOption } from './keys/rotation-option.js'
export type { ConsentPage, ConsentScope, ConsentView } from './consent/consent-view.js'
export type { LoginQuery, PermissionsQuery, SignedInUser, UserClaims, UsersOption } from './users/users-option.js'
export type { AuthorizationServerOptions } from './options.js'
export type { FailureLimits, RateLimit, RateLimits } from './limits/options.js'
export type { TokenType } from './keys/signing-keys.js'
export type { ApiGrantsMode } from './tokens/token-services.js'
