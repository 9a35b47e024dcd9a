import type { EncryptionOption } from '../authorization-server/key-encryption.js'

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
  rateLimits: boolean
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
  const port = readPort(env['PORT'])
  const mongodbUri = readMongodbUri(env['MONGODB_URI'])
  const encryptionKey = readEncryption(env)
  return {
    port,
    host: env['HOST'] || '127.0.0.1',
    issuer: readIssuer(env['ISSUER'], port),
    ...(mongodbUri !== undefined && { mongodbUri }),
    dataDir: env['DATA_DIR'] || '.scopegate',
    managementClient: readManagementClient(env, reset),
    accounts: readAccounts(env['ACCOUNTS']),
    ...(encryptionKey !== undefined && { encryptionKey }),
    rateLimits: readSwitch(env['RATE_LIMITS'], 'RATE_LIMITS'),
  }
}

function readPort(text: string | undefined): number {
  if (!text) return 3000
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new ConfigError('PORT must be a number from 0 to 65535 (0: any free port)')
  return port
}

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

function readIssuer(text: string | undefined, port: number): string {
  if (!text) return port === 0 ? '' : `http://localhost:${port}`
  if (text.endsWith('/')) throw new ConfigError('ISSUER must not end with a slash')
  if (!URL.canParse(text)) throw new ConfigError('ISSUER must be an absolute URL')
  const { protocol, hostname, origin, pathname } = new URL(text)
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname))) {
    throw new ConfigError('ISSUER must be an https URL (http only for a loopback host)')
  }
  if (text !== origin + (pathname === '/' ? '' : pathname)) {
    throw new ConfigError('ISSUER must be in normal form, without user information, query and fragment')
  }
  return text
}

function readMongodbUri(text: string | undefined): string | undefined {
  if (!text) return undefined
  if (!/^mongodb(?:\+srv)?:\/\//.test(text)) {
    throw new ConfigError('MONGODB_URI must start with mongodb:// or mongodb+srv://')
  }
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
  if (secret !== undefined && !/^[\x20-\x7e]{1,1000}$/.test(secret)) {
    throw new ConfigError('MANAGEMENT_CLIENT_SECRET must be 1 to 1000 printable ASCII characters')
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
  const { ENCRYPTION_KEY: text, ENCRYPTION_KEY_READ_ONLY: readOnly } = env
  if (readOnly && readOnly !== '1') throw new ConfigError('ENCRYPTION_KEY_READ_ONLY must be 1, or not be set')
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

function readSwitch(text: string | undefined, name: string): boolean {
  if (!text || text === 'on') return true
  if (text === 'off') return false
  throw new ConfigError(`${name} must be on or off`)
}
