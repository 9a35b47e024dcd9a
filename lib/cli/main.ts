#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { getSystemErrorMap } from 'node:util'
import { type Config, ConfigError, readConfig } from './config.js'
import { type Service, serve } from './serve.js'

const HELP = `scopegate serve     start the authorization server and its management API
scopegate --version
scopegate --help

Environment: PORT, HOST, ISSUER, MONGODB_URI, DATA_DIR, MANAGEMENT_CLIENT_ID, MANAGEMENT_CLIENT_SECRET, ACCOUNTS,
ENCRYPTION_KEY, RATE_LIMITS. See docs/authorization-server.md.
`

/** Runs one command. Welcome and refusals go to standard error: standard output is JSON lines alone. */
async function main(command: string | undefined): Promise<void> {
  switch (command) {
    case 'serve':
      return run()
    case '--version':
      console.log(readVersion())
      return
    case '--help':
    case undefined:
      console.log(HELP)
      return
    default:
      fail(`unknown command; try scopegate --help`)
  }
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

async function run(): Promise<void> {
  let config: Config | undefined
  try {
    config = readConfig(process.env)
    const service = await serve(config, text => process.stderr.write(`${text}\n`))
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(service))
  } catch (error) {
    fail(explain(error, config))
  }
}

function stop(service: Service): void {
  service.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  )
}

function fail(message: string): void {
  process.stderr.write(`scopegate: ${message}\n`)
  process.exit(1)
}

/** One line, for a person; of errors that are not ours only the code. */
function explain(error: unknown, config?: Config): string {
  if (error instanceof ConfigError) return error.message
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (code === 'EADDRINUSE') return 'the port is in use (PORT)'
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') return 'the address cannot be listened on (HOST, PORT)'
  if (code === 'ERR_MODULE_NOT_FOUND') return 'MONGODB_URI needs mongoose: npm install mongoose'
  if (code === 'ERR_STORE_LOCKED') return 'another process owns the data folder (DATA_DIR)'
  if (code === 'ERR_STORE_UNAVAILABLE') return explainStore(error, config)
  if (String(message).startsWith('encryptionKey'))
    return `ENCRYPTION_KEY ${String(message).replace(/^encryptionKey: /, '')}`
  if (typeof code === 'string' && code.startsWith('ERR_INVALID_ARG')) return String(message)
  return 'the server could not be started'
}

/** Which folder, and the system's reason, where there is one. */
function explainStore(error: unknown, config: Config | undefined): string {
  if (config === undefined || config.mongodbUri !== undefined) return 'the store cannot be reached (MONGODB_URI)'
  const { message, cause } = error as { message?: unknown; cause?: unknown }
  const reason = systemReason(cause)
  return `${message} (DATA_DIR, ${config.dataDir})${reason === undefined ? '' : `: ${reason}`}`
}

/** LMDB has the system's number, turned round, as the code of its errors. */
function systemReason(error: unknown): string | undefined {
  const { errno, code } = (error ?? {}) as { errno?: unknown; code?: unknown }
  const number = typeof code === 'number' ? -code : errno
  return typeof number === 'number' ? getSystemErrorMap().get(number)?.[1] : undefined
}

main(process.argv[2]).catch(error => fail(explain(error)))
