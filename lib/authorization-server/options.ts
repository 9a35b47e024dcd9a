import { type Clock, systemClock } from '../clock.js'
import { invalidType, invalidValue } from '../errors.js'
import type { Store } from '../store/port.js'
import type { TokenType } from './keys/signing-keys.js'
import { type ListedAccounts, singleAccount } from './accounts/accounts.js'
import type { ManagementClientOption } from './bootstrap/bootstrap.js'
import type { AccountResolver, AuthorizeAdmin } from './context/context.js'
import type { Emit } from './context/events.js'
import { type IssuerChecks, validateIssuer, validateSwitch } from './context/issuer.js'
import { validateMembers } from './context/members.js'
import { type EncryptionOption, type EncryptionSettings, parseEncryptionOption } from './keys/key-encryption.js'
import { type RateLimits, type ValidatedRateLimits, validateRateLimits } from './limits/options.js'
import { type KeyRotationOption, parseKeyRotation } from './keys/rotation-option.js'
import { validateLogRetention } from './log/retention-option.js'
import type { ConsentPage } from './consent/consent-view.js'
import type { ApiGrantsMode } from './tokens/token-services.js'
import { validateUsers } from './users/users.js'
import type { UsersOption } from './users/users-option.js'

/** Options of `authorizationServer`. */
export interface AuthorizationServerOptions {
  /** The issuer of the one account, `default`: https (http for loopback), without a trailing slash. Or give `accounts`. */
  issuer?: string
  /** Which account a request is for: `accountsByHost`, `accountsByPath`, or a function of the host's. */
  accounts?: AccountResolver
  /** Accept http issuers on hosts that are not loopback, each of which is reported by an event. Default `false`. */
  allowInsecureRequests?: boolean
  /** Where everything is kept: `mongoStore(…)`, `embeddedStore(…)`. `close()` closes it. */
  store: Store
  /** Drives every age and expiry. Default: the machine's clock. */
  clock?: Clock
  /** Replaces the check of management calls; the host is then responsible for who may do what. */
  authorizeAdmin?: AuthorizeAdmin
  /**
   * 32 bytes, as base64 or as they are: private signing keys are encrypted at rest. Of a list the first encrypts and
   * every one decrypts. `{ keys, encrypt: false }` only reads: the first of two steps where several processes share a
   * store. Default: they are stored as they are.
   */
  encryptionKey?: EncryptionOption
  /** When signing keys are rotated by themselves; `false`: never. Default `{ maxAge: 90 }`: after 90 days. */
  keyRotation?: KeyRotationOption | false
  /**
   * The management client to create in each account where it is absent. What is not given is generated and returned
   * once, by `takeManagementClients()`. The secret: 32 to 1000 printable ASCII characters; it should have 256 random bits,
   * for only a fast hash of it is stored.
   */
  managementClient?: ManagementClientOption
  /**
   * What a client may get whose `api_grants` are absent: `open`, any API of the account but the management API; `required`,
   * nothing: a client gets only what its `api_grants` name. Default `open`.
   */
  apiGrants?: ApiGrantsMode
  /** How many requests are served in a while; `false` switches all limits off. */
  rateLimits?: false | RateLimits
  /** The `typ` of access tokens. Default: `at+jwt` (RFC 9068 §2.1). */
  tokenType?: TokenType
  /** Who the users are: switches on `/authorize` and what follows from it. Default: only clients get tokens. */
  users?: UsersOption
  /** Makes the HTML of the consent page. Default: a page of ours. */
  consentPage?: ConsentPage
  /**
   * For how many seconds the refresh token that was replaced last still yields the one that replaced it: two tabs, or a
   * lost answer. 0 to 60, default 10.
   */
  refreshGrace?: number
  /** `accessTokens: true`: access tokens can be revoked, which introspection knows and local verification does not. Default `false`. */
  revocation?: { accessTokens?: boolean }
  /** Days for which the log is kept: 0 to 3 653; 0: nothing is logged. Default 30. */
  logRetention?: number
  /** Told what happens: never a token, a secret or a key. Default: nobody. */
  onEvent?: Emit
}

/** The options after their checks, with every default. */
export interface ValidatedOptions {
  accounts: AccountResolver
  checks: IssuerChecks
  store: Store
  clock: Clock
  authorizeAdmin: AuthorizeAdmin | undefined
  encryption: EncryptionSettings
  /** How long a key signs, in milliseconds; Infinity: until a rotation is asked for. */
  keyMaxAge: number
  managementClient: ManagementClientOption
  apiGrants: ApiGrantsMode
  rateLimits: ValidatedRateLimits
  tokenType: TokenType
  users: UsersOption | undefined
  consentPage: ConsentPage | undefined
  refreshGrace: number
  revokesAccessTokens: boolean
  /** Days; 0: there is no log. */
  logRetention: number
  onEvent: Emit | undefined
}

const NAMES: ReadonlySet<string> = new Set([
  'issuer',
  'accounts',
  'allowInsecureRequests',
  'store',
  'clock',
  'authorizeAdmin',
  'encryptionKey',
  'keyRotation',
  'managementClient',
  'apiGrants',
  'rateLimits',
  'tokenType',
  'users',
  'consentPage',
  'refreshGrace',
  'revocation',
  'logRetention',
  'onEvent',
] satisfies (keyof AuthorizationServerOptions)[])

/**
 * Checks the options and copies them. An unknown name is refused: a misspelt one would switch something off in silence.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
 */
export function validateOptions(options: AuthorizationServerOptions): ValidatedOptions {
  if (typeof options !== 'object' || options === null) throw invalidType('options: must be an object')
  for (const name of Object.keys(options)) if (!NAMES.has(name)) throw invalidValue(`${name}: is not an option`)
  const checks = { allowInsecureRequests: validateSwitch(options.allowInsecureRequests) }
  return {
    accounts: validateAccounts(options, checks),
    checks,
    store: validateStore(options.store),
    clock: validateClock(options.clock),
    authorizeAdmin: validateFunction(options.authorizeAdmin, 'authorizeAdmin'),
    encryption: parseEncryptionOption(options.encryptionKey),
    keyMaxAge: parseKeyRotation(options.keyRotation),
    managementClient: validateManagementClient(options.managementClient),
    apiGrants: validateApiGrants(options.apiGrants),
    rateLimits: validateRateLimits(options.rateLimits),
    tokenType: validateTokenType(options.tokenType),
    users: validateUsers(options.users),
    consentPage: validateFunction(options.consentPage, 'consentPage'),
    refreshGrace: validateRefreshGrace(options.refreshGrace),
    revokesAccessTokens: validateRevocation(options.revocation),
    logRetention: validateLogRetention(options.logRetention),
    onEvent: validateFunction(options.onEvent, 'onEvent'),
  }
}

function validateAccounts({ issuer, accounts }: AuthorizationServerOptions, checks: IssuerChecks): AccountResolver {
  if (accounts === undefined) {
    if (issuer === undefined) throw invalidType('issuer: is required, or accounts')
    return singleAccount(issuer, checks)
  }
  if (issuer !== undefined) throw invalidValue('issuer: must not be given with accounts, which name the issuers')
  if (typeof accounts !== 'function') throw invalidType('accounts: must be a function')
  for (const { issuer: listed } of (accounts as Partial<ListedAccounts>).accounts ?? []) {
    validateIssuer(listed, 'accounts: issuer', checks)
  }
  return accounts
}

function validateStore(store: Store): Store {
  const methods: (keyof Store)[] = ['collection', 'ping', 'close']
  const fits = typeof store === 'object' && store !== null && methods.every(name => typeof store[name] === 'function')
  if (!fits) throw invalidType('store: must be a store')
  return store
}

function validateClock(clock: Clock | undefined): Clock {
  if (clock === undefined) return systemClock
  if (typeof clock?.now !== 'function') throw invalidType('clock: must have a function now')
  return clock
}

function validateFunction<T>(value: T | undefined, name: string): T | undefined {
  if (value !== undefined && typeof value !== 'function') throw invalidType(`${name}: must be a function`)
  return value
}

function validateManagementClient(option: ManagementClientOption | undefined): ManagementClientOption {
  if (option === undefined) return {}
  if (typeof option !== 'object' || option === null) throw invalidType('managementClient: must be an object')
  const { id, secret } = option
  return {
    ...(id !== undefined && { id: validateText(id, 'managementClient.id', /^[A-Za-z0-9._~-]{1,200}$/) }),
    ...(secret !== undefined && { secret: validateText(secret, 'managementClient.secret', /^[\x20-\x7e]{32,1000}$/) }),
  }
}

/** The value stands in no message: it may be a secret. */
function validateText(value: unknown, name: string, pattern: RegExp): string {
  if (typeof value !== 'string') throw invalidType(`${name}: must be a string`)
  if (!pattern.test(value)) throw invalidValue(`${name}: must match ${pattern.source}`)
  return value
}

function validateApiGrants(mode: ApiGrantsMode | undefined): ApiGrantsMode {
  if (mode === undefined) return 'open'
  if (mode !== 'open' && mode !== 'required') throw invalidValue("apiGrants: must be 'open' or 'required'")
  return mode
}

function validateTokenType(tokenType: TokenType | undefined): TokenType {
  if (tokenType === undefined) return 'at+jwt'
  if (tokenType !== 'at+jwt' && tokenType !== 'JWT') throw invalidValue("tokenType: must be 'at+jwt' or 'JWT'")
  return tokenType
}

function validateRefreshGrace(seconds: unknown = 10): number {
  if (typeof seconds !== 'number') throw invalidType('refreshGrace: must be a number')
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > 60) {
    throw invalidValue('refreshGrace: must be whole seconds, 0 to 60')
  }
  return seconds
}

function validateRevocation(option: unknown): boolean {
  const { accessTokens = false } = validateMembers(option, 'revocation', ['accessTokens'])
  if (typeof accessTokens !== 'boolean') throw invalidType('revocation.accessTokens: must be true or false')
  return accessTokens
}
