import type { EncryptionOption } from '../../../authorization-server/keys/key-encryption.js'
import type { Config, Environment } from '../config.js'
import { ConfigError } from '../config-error.js'
import { readFlag } from './values.js'

export function readManagementClient(env: Environment, reset: boolean): Config['managementClient'] {
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

export function readEncryption(env: Environment): EncryptionOption | undefined {
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
