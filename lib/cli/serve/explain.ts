import { ConfigError } from './config-error.js'
import { systemReason } from './system-reason.js'

/** What `mongoStore` says where this is not installed. */
const LIMITER_MISSING = 'mongoStore needs rate-limiter-flexible for rateLimits: npm install rate-limiter-flexible'
/** What `oidcUsers` says where it is not installed. */
const OPENID_CLIENT_MISSING = 'oidcUsers needs openid-client: npm install openid-client'

/** One line, for a person; of errors that are not ours only the code. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  const { code, message }: { code?: unknown; message?: unknown } = Object(error)
  if (code === 'EADDRINUSE') return 'the port is in use (PORT)'
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return 'the address cannot be listened on (HOST, PORT)'
  if (code === 'ERR_MODULE_NOT_FOUND') return 'MONGODB_URI needs mongoose: npm install mongoose'
  if (String(message) === OPENID_CLIENT_MISSING) return 'LOGIN_ISSUER needs openid-client: npm install openid-client'
  if (String(message) === LIMITER_MISSING)
    return 'MONGODB_URI needs rate-limiter-flexible: npm install rate-limiter-flexible'
  if (code === 'ERR_STORE_LOCKED') return 'another process owns the data folder (DATA_DIR)'
  if (code === 'ERR_STORE_UNAVAILABLE') return explainStore(error, process.env)
  if (code === 'ERR_KEY_RING') return `the signing keys in the store cannot be used: ${String(message)}`
  if (String(message).startsWith('encryptionKey'))
    return `ENCRYPTION_KEY ${String(message).replace(/^encryptionKey: /, '')}`
  if (typeof code === 'string' && code.startsWith('ERR_INVALID_ARG')) return String(message)
  return 'the server could not be started'
}

/** Which folder, and the system's reason, where there is one. */
function explainStore(error: unknown, { MONGODB_URI: uri, DATA_DIR: folder }: NodeJS.ProcessEnv): string {
  if (uri) return 'the store cannot be reached (MONGODB_URI)'
  const { message, cause }: { message?: unknown; cause?: unknown } = Object(error)
  if (Object(cause).code === 'MODULE_NOT_FOUND') return String(message)
  const reason = systemReason(cause)
  return `${String(message)} (DATA_DIR, ${folder || '.scopegate'})${reason === undefined ? '' : `: ${reason}`}`
}
