import { isInsecure, isLoopback } from '../../authorization-server/context/issuer.js'
import { isRetention } from '../../authorization-server/log/retention-option.js'
import type { EncryptionOption } from '../../authorization-server/keys/key-encryption.js'
import type { ApiGrantsMode } from '../../authorization-server/tokens/token-services.js'
import { isUserId } from '../../authorization-server/users/user-id.js'
import { isMongoUri, namesDatabase } from '../../store/mongo/uri.js'
import { isProviderIssuer } from '../../users/provider-issuer.js'
import { parseTrustProxy, type TrustProxy } from './trust-proxy.js'

/** What `serve` runs with. */
export interface Config {
  port: number
  host: string
  issuer: string
  /** Absent: the embedded store. */
  mongodbUri?: string
  dataDir: string
  managementClient: { id?: string; secret?: string }
  /** Empty: one account, at the root. */
  accounts: readonly string[]
  encryptionKey?: EncryptionOption
  /** Days that a signing key signs; false: until a rotation is asked for. */
  keyMaxAge?: number | false
  rateLimits: boolean
  /** Absent: nothing is trusted, and a warning says so where it matters. */
  trustProxy?: TrustProxy
  apiGrants: ApiGrantsMode
  allowInsecureRequests: boolean
  /** Where users sign in. Absent, and no demo: nobody does. */
  login?: LoginProvider
  /** Users who are asked for no password. */
  demoUsers?: readonly string[]
  /** Seconds. */
  refreshGrace?: number
  revokesAccessTokens: boolean
  /** Days. */
  logRetention?: number
  /** How long MongoDB is waited for at the start, in seconds. */
  startTimeout: number
  /** Absent: there are no metrics. */
  metrics?: MetricsPlace
}

/** Where metrics are read. */
export interface MetricsPlace {
  port: number
  host: string
}

/** An OpenID provider, and what the service is called there. */
export interface LoginProvider {
  issuer: string
  clientId: string
  clientSecret: string
}

/** One clear line about a variable; its value is never repeated. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks the environment. An empty variable is as if it were not set.
 * @param reset the management client gets a secret that is made now: an id may be given without one
 * @throws ConfigError
 */
export function readConfig(env: Environment, { reset = false } = {}): Config {
  const port = readPort(env['PORT'], 'PORT') ?? 3000
  const mongodbUri = readMongodbUri(env['MONGODB_URI'])
  const encryptionKey = readEncryption(env)
  const keyMaxAge = readKeyMaxAge(env['KEY_MAX_AGE'])
  const trustProxy = readTrustProxy(env['TRUST_PROXY'])
  const allowInsecureRequests = readFlag(env['ALLOW_INSECURE_REQUESTS'], 'ALLOW_INSECURE_REQUESTS')
  const issuer = readIssuer(env['ISSUER'], { port, allowInsecureRequests })
  const refreshGrace = readRefreshGrace(env['REFRESH_GRACE'])
  const logRetention = readLogRetention(env['LOG_RETENTION'])
  const metrics = readMetrics(env, port)
  return {
    port,
    host: env['HOST'] || '127.0.0.1',
    issuer,
    ...(mongodbUri !== undefined && { mongodbUri }),
    dataDir: env['DATA_DIR'] || '.scopegate',
    managementClient: readManagementClient(env, reset),
    accounts: readAccounts(env['ACCOUNTS']),
    ...(encryptionKey !== undefined && { encryptionKey }),
    ...(keyMaxAge !== undefined && { keyMaxAge }),
    rateLimits: readSwitch(env['RATE_LIMITS'], 'RATE_LIMITS'),
    ...(trustProxy !== undefined && { trustProxy }),
    apiGrants: readApiGrants(env['API_GRANTS']),
    allowInsecureRequests,
    ...readUsers(env, issuer),
    ...(refreshGrace !== undefined && { refreshGrace }),
    revokesAccessTokens: readFlag(env['REVOKE_ACCESS_TOKENS'], 'REVOKE_ACCESS_TOKENS'),
    ...(logRetention !== undefined && { logRetention }),
    startTimeout: readStartTimeout(env['START_TIMEOUT']),
    ...(metrics !== undefined && { metrics }),
  }
}

function readPort(text: string | undefined, name: string): number | undefined {
  if (!text) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new ConfigError(`${name} must be a number from 0 to 65535 (0: any free port)`)
  return port
}

function readMetrics({ METRICS_PORT, METRICS_HOST }: Environment, taken: number): MetricsPlace | undefined {
  const port = readPort(METRICS_PORT, 'METRICS_PORT')
  if (port === undefined && METRICS_HOST) throw new ConfigError('METRICS_HOST needs METRICS_PORT')
  if (port === undefined) return undefined
  if (port === taken && port !== 0) throw new ConfigError('METRICS_PORT must not be the port of the service (PORT)')
  return { port, host: METRICS_HOST || '127.0.0.1' }
}

function readIssuer(
  text: string | undefined,
  { port, allowInsecureRequests }: Pick<Config, 'port' | 'allowInsecureRequests'>,
): string {
  if (!text) return port === 0 ? '' : `http://localhost:${port}`
  if (text.endsWith('/')) throw new ConfigError('ISSUER must not end with a slash')
  if (!URL.canParse(text)) throw new ConfigError('ISSUER must be an absolute URL')
  const url = new URL(text)
  const { protocol, origin, pathname } = url
  if ((protocol !== 'https:' && protocol !== 'http:') || (isInsecure(url) && !allowInsecureRequests)) {
    throw new ConfigError(
      'ISSUER must be an https URL (http only for a loopback host, or anywhere with ALLOW_INSECURE_REQUESTS=1)',
    )
  }
  if (text !== origin + (pathname === '/' ? '' : pathname)) {
    throw new ConfigError('ISSUER must be in normal form, without user information, query and fragment')
  }
  return text
}

function readMongodbUri(text: string | undefined): string | undefined {
  if (!text) return undefined
  if (!isMongoUri(text)) throw new ConfigError('MONGODB_URI must start with mongodb:// or mongodb+srv://')
  if (!namesDatabase(text)) throw new ConfigError('MONGODB_URI must name a database: mongodb://host/database')
  return text
}

function readManagementClient(env: Environment, reset: boolean): Config['managementClient'] {
  const id = env['MANAGEMENT_CLIENT_ID'] || undefined
  const secret = env['MANAGEMENT_CLIENT_SECRET'] || undefined
  if ((id === undefined) !== (secret === undefined) && !(reset && secret === undefined)) {
    throw new ConfigError('MANAGEMENT_CLIENT_ID and MANAGEMENT_CLIENT_SECRET must be given together')
  }
  if (id !== undefined && !/^[A-Za-z0-9._~-]{1,200}$/.test(id)) {
    throw new ConfigError('MANAGEMENT_CLIENT_ID must be 1 to 200 characters of A-Z a-z 0-9 . _ ~ -')
  }
  if (secret !== undefined && !/^[\x20-\x7e]{32,1000}$/.test(secret)) {
    throw new ConfigError('MANAGEMENT_CLIENT_SECRET must be 32 to 1000 printable ASCII characters')
  }
  return { ...(id !== undefined && { id }), ...(secret !== undefined && { secret }) }
}

function readAccounts(text: string | undefined): string[] {
  if (!text) return []
  const names = text.split(',').map(name => name.trim())
  if (!names.every(name => /^[a-z0-9-]{1,63}$/.test(name))) {
    throw new ConfigError('ACCOUNTS must be names of 1 to 63 characters of a-z 0-9 -, with commas between them')
  }
  if (new Set(names).size !== names.length) throw new ConfigError('ACCOUNTS must not name an account twice')
  return names
}

function readEncryption(env: Environment): EncryptionOption | undefined {
  const { ENCRYPTION_KEY: text } = env
  const readOnly = readFlag(env['ENCRYPTION_KEY_READ_ONLY'], 'ENCRYPTION_KEY_READ_ONLY')
  if (readOnly && !text) throw new ConfigError('ENCRYPTION_KEY_READ_ONLY needs ENCRYPTION_KEY')
  if (!text) return undefined
  const keys = text.split(',').map(key => key.trim())
  if (!keys.every(isEncryptionKey)) {
    throw new ConfigError(
      'ENCRYPTION_KEY must be 32 bytes in base64 (openssl rand -base64 32), or several with commas between them',
    )
  }
  const [first = '', ...more] = keys
  const all = more.length === 0 ? first : keys
  return readOnly ? { keys: all, encrypt: false } : all
}

function isEncryptionKey(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length === 32
}

function readKeyMaxAge(text: string | undefined): number | false | undefined {
  if (!text) return undefined
  if (text === 'off') return false
  const days = /^\d{1,6}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (!(days > 0)) throw new ConfigError('KEY_MAX_AGE must be a number of days above 0, such as 90 or 0.5, or off')
  return days
}

function readSwitch(text: string | undefined, name: string): boolean {
  if (!text || text === 'on') return true
  if (text === 'off') return false
  throw new ConfigError(`${name} must be on or off`)
}

function readFlag(text: string | undefined, name: string): boolean {
  if (!text) return false
  if (text === '1') return true
  throw new ConfigError(`${name} must be 1, or not be set`)
}

function readApiGrants(text: string | undefined): ApiGrantsMode {
  if (!text || text === 'open') return 'open'
  if (text === 'required') return text
  throw new ConfigError('API_GRANTS must be open or required')
}

function readTrustProxy(text: string | undefined): TrustProxy | undefined {
  if (!text) return undefined
  const trusted = parseTrustProxy(text)
  if (trusted !== undefined) return trusted
  throw new ConfigError(
    'TRUST_PROXY must be true, false, a number of proxies, or addresses, subnets, loopback, linklocal and uniquelocal, with commas between them',
  )
}

function readUsers(env: Environment, issuer: string): Pick<Config, 'login' | 'demoUsers'> {
  const login = readLogin(env)
  const demoUsers = readDemoUsers(env['DEMO_USERS'])
  if (demoUsers === undefined) return login === undefined ? {} : { login }
  if (login !== undefined) throw new ConfigError('DEMO_USERS and LOGIN_ISSUER must not be given together')
  if (issuer !== '' && !isLoopback(new URL(issuer))) {
    throw new ConfigError('DEMO_USERS needs an ISSUER on a loopback host: nobody is asked for a password')
  }
  return { demoUsers }
}

function readLogin(env: Environment): LoginProvider | undefined {
  const { LOGIN_ISSUER: issuer, LOGIN_CLIENT_ID: clientId, LOGIN_CLIENT_SECRET: clientSecret } = env
  if (!issuer && !clientId && !clientSecret) return undefined
  if (!issuer || !clientId || !clientSecret) {
    throw new ConfigError('LOGIN_ISSUER, LOGIN_CLIENT_ID and LOGIN_CLIENT_SECRET must be given together')
  }
  if (!isProviderIssuer(issuer)) {
    throw new ConfigError(
      'LOGIN_ISSUER must be an https URL without query and fragment (http only for a loopback host)',
    )
  }
  return { issuer, clientId, clientSecret }
}

function readDemoUsers(text: string | undefined): string[] | undefined {
  if (!text) return undefined
  const names = text.split(',').map(name => name.trim())
  if (names.length > 100 || !names.every(isUserId)) {
    throw new ConfigError('DEMO_USERS must be 1 to 100 names of visible ASCII characters, with commas between them')
  }
  if (new Set(names).size !== names.length) throw new ConfigError('DEMO_USERS must not name a user twice')
  return names
}

function readRefreshGrace(text: string | undefined): number | undefined {
  if (!text) return undefined
  const seconds = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds <= 60)) throw new ConfigError('REFRESH_GRACE must be a number of seconds from 0 to 60')
  return seconds
}

function readLogRetention(text: string | undefined): number | undefined {
  if (!text) return undefined
  const days = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (!isRetention(days)) throw new ConfigError('LOG_RETENTION must be a number of days from 0 (no log) to 3653')
  return days
}

function readStartTimeout(text: string | undefined): number {
  if (!text) return 30
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds <= 3_600)) throw new ConfigError('START_TIMEOUT must be a number of seconds from 0 to 3600')
  return seconds
}
