#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { ConfigError, readConfig } from './serve/config.js'
import type { Service } from './serve/serve.js'
import { systemReason } from './serve/system-reason.js'
import type { Screen } from './serve/welcome.js'

const HELP = `scopegate serve                             start the authorization server and its management API
scopegate serve --reset-management-client   give each account's management client a new secret and every
                                            management scope, print them, and end
scopegate keys re-encrypt                   encrypt every signing key in the store by the first ENCRYPTION_KEY, and end
scopegate --version, -v
scopegate --help, -h

Environment: PORT, HOST, ISSUER, MONGODB_URI, DATA_DIR, MANAGEMENT_CLIENT_ID, MANAGEMENT_CLIENT_SECRET, ACCOUNTS,
ENCRYPTION_KEY, ENCRYPTION_KEY_READ_ONLY, KEY_MAX_AGE, TRUST_PROXY, ALLOW_INSECURE_REQUESTS, API_GRANTS, RATE_LIMITS,
LOGIN_ISSUER, LOGIN_CLIENT_ID, LOGIN_CLIENT_SECRET, DEMO_USERS, REFRESH_GRACE, REVOKE_ACCESS_TOKENS, LOG_RETENTION,
START_TIMEOUT, METRICS_PORT, METRICS_HOST.
See docs/configuration.md.
`

/** What `oidcUsers` says where it is not installed. */
const OPENID_CLIENT_MISSING = 'oidcUsers needs openid-client: npm install openid-client'

const RESET = '--reset-management-client'

const SCREEN: Screen = { isTerminal: process.stderr.isTTY === true, print }

/** Runs one command. Welcome and refusals go to standard error: standard output is JSON lines alone. */
async function main(args: readonly string[]): Promise<void> {
  const [command, ...options] = args
  if (command === undefined || args.includes('--help') || args.includes('-h')) return console.log(HELP)
  if (args.length === 1 && (command === '--version' || command === '-v')) return console.log(readVersion())
  if (command === 'keys' && options.join() === 're-encrypt') return reEncryptKeys()
  if (command !== 'serve') return fail('unknown command; try scopegate --help')
  if (options.some(option => option !== RESET)) return fail('unknown argument of serve; try scopegate --help')
  return options.length === 0 ? runService() : resetManagementClient()
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** The handlers stand before anything is loaded or started. A further signal changes nothing: stopping ends by itself. */
async function runService(): Promise<void> {
  const stopping = new AbortController()
  const stopped = new Promise(resolve => stopping.signal.addEventListener('abort', resolve))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort())
  const service = await startService(stopping.signal)
  await stopped
  await service?.stop()
  process.exit(0)
}

/** undefined: it was told to stop before it had started. */
async function startService(signal: AbortSignal): Promise<Service | undefined> {
  try {
    const config = readConfig(process.env)
    const { serve } = await import('./serve/serve.js')
    return await serve(config, SCREEN, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    return undefined
  }
}

async function resetManagementClient(): Promise<void> {
  const config = readConfig(process.env, { reset: true })
  const { reset } = await import('./serve/reset.js')
  await reset(config, SCREEN)
  process.exit(0)
}

async function reEncryptKeys(): Promise<void> {
  const config = readConfig(process.env)
  const { reEncrypt } = await import('./re-encrypt.js')
  await reEncrypt(config, console.log)
  process.exit(0)
}

function print(text: string): void {
  process.stderr.write(`${text}\n`)
}

function fail(message: string): void {
  print(`scopegate: ${message}`)
  process.exit(1)
}

/** One line, for a person; of errors that are not ours only the code. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  const { code, message }: { code?: unknown; message?: unknown } = Object(error)
  if (code === 'EADDRINUSE') return 'the port is in use (PORT)'
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return 'the address cannot be listened on (HOST, PORT)'
  if (code === 'ERR_MODULE_NOT_FOUND') return 'MONGODB_URI needs mongoose: npm install mongoose'
  if (String(message) === OPENID_CLIENT_MISSING) return 'LOGIN_ISSUER needs openid-client: npm install openid-client'
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

main(process.argv.slice(2)).catch(error => fail(explain(error)))
