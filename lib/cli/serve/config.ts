import type { EncryptionOption } from '../../authorization-server/keys/key-encryption.js'
import type { ApiGrantsMode } from '../../authorization-server/tokens/token-services.js'
import type { TrustProxy } from './trust-proxy.js'
import { readIssuer, readMetrics, readMongodbUri, readPort, readTrustProxy } from './variables/addresses.js'
import { readEncryption, readManagementClient } from './variables/secrets.js'
import { readUsers } from './variables/users.js'
import {
  readAccounts,
  readApiGrants,
  readFlag,
  readKeyMaxAge,
  readLogRetention,
  readRefreshGrace,
  readStartTimeout,
  readSwitch,
} from './variables/values.js'

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

/** What the configuration is read from. */
export type Environment = Readonly<Record<string, string | undefined>>

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
