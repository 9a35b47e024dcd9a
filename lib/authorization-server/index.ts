export { accountsByHost, accountsByPath, type ListedAccounts } from './accounts.js'
export { type AuthorizationServer, authorizationServer } from './authorization-server.js'
export type { CreatedManagementClient, ManagementClientOption } from './bootstrap.js'
export {
  type Account,
  type AccountResolver,
  type AdminCaller,
  type AuthorizeAdmin,
  MANAGEMENT_AUDIENCE,
  type ResolvedAccount,
  type ServerContext,
} from './context.js'
export type { ServerEvent } from './events.js'
export type { IssuerChecks } from './issuer.js'
export type { EncryptionKey, EncryptionKeys, EncryptionOption } from './key-encryption.js'
export type { AuthorizationServerOptions, RateLimits } from './options.js'
export type { FailureLimits, RateLimit } from './rate-limit.js'
export type { TokenType } from './signing-keys.js'
export type { ApiGrantsMode } from './token-services.js'
