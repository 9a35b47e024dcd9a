import { fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openRecords } from '../../../../lib/authorization-server/open-records.js'
import { emit } from '../../../../lib/emit.js'
import { embeddedStore } from '../../../../lib/store/embedded/index.js'
import { ENV, fakeServer, runCli } from '../../cli.js'
import type { Channel } from '../ledger.js'

/** One way in which a text is logged. */
export interface Logged {
  channel: Channel
  description: string
  log(text: string): unknown
}

const NODE = process.execPath
const OUT = 'process.stdout.write(process.env.TEXT)'
const ERROR = 'process.stderr.write(process.env.TEXT)'
const env = (text: string) => ({ env: { TEXT: text } })

/** Writes it in two chunks. */
const IN_TWO = `const text = process.env.TEXT
process.stdout.write(text.slice(0, 9), () => setTimeout(() => process.stdout.write(text.slice(9)), 20))`

export const LOGGED: readonly Logged[] = [
  { channel: 'standard output', description: 'console.log', log: text => console.log('a line with %s', text) },
  { channel: 'standard error', description: 'console.error', log: text => console.error(new Error(text)) },
  { channel: 'standard error', description: 'without a line break', log: text => process.stderr.write(text) },
  {
    channel: 'standard error',
    description: 'process.emitWarning',
    log: text => {
      process.emitWarning(text)
      return new Promise(setImmediate)
    },
  },
  {
    channel: 'standard output of a child process',
    description: 'of serve',
    log: text => once(spawn(NODE, ['-e', OUT, 'serve'], env(text)), 'close'),
  },
  {
    channel: 'standard output of a child process',
    description: 'of serve, in two chunks',
    log: text => once(spawn(NODE, ['-e', IN_TWO, 'serve'], env(text)), 'close'),
  },
  {
    channel: 'standard output of a child process',
    description: 'of a helper, inherited',
    log: text => once(spawn(NODE, ['-e', OUT], { ...env(text), stdio: 'inherit' }), 'close'),
  },
  {
    channel: 'standard error of a child process',
    description: 'of a command',
    log: text => once(spawn(NODE, ['-e', ERROR], env(text)), 'close'),
  },
  {
    channel: 'standard error of a child process',
    description: 'of one that is waited for',
    log: text => spawnSync(NODE, ['-e', ERROR], env(text)),
  },
  {
    channel: 'standard error of a child process',
    description: 'of a fork',
    log: text =>
      once(fork(fileURLToPath(import.meta.url), { execPath: NODE, execArgv: ['-e', ERROR], ...env(text) }), 'close'),
  },
  {
    channel: 'standard error of a command',
    description: 'in this process',
    log(text) {
      const refusing = fakeServer(() => ({ status: 403, body: { error_code: 'forbidden', message: text } }))
      return runCli(['apis', 'list'], { env: ENV, fetch: refusing.fetch })
    },
  },
  {
    channel: 'an event',
    description: 'a member',
    log: text => emit(undefined, { type: 'token.refused', detail: text }),
  },
  {
    channel: 'an event',
    description: 'the cause of a cause',
    log: text => emit(() => undefined, { cause: new Error('outer', { cause: new Error(`inner ${text}`) }) }),
  },
  {
    channel: 'an event',
    description: 'of a module that is imported later',
    log: async text => (await import('../../../../lib/emit.js')).emit(undefined, { type: text }),
  },
  {
    channel: 'a record of the log',
    description: 'among the changes of an API',
    async log(text) {
      const store = embeddedStore(':memory:')
      const [now, changes] = [new Date(), [{ field: 'name', before: 'a', after: text }]]
      const { logs } = await openRecords(store)
      const times = { createdAt: now, updatedAt: now, expires_at: new Date(now.getTime() + 60_000) }
      await logs.insertMany([{ id: 'log_1', account: 'a', revision: 1, ...times, type: 'api.updated', changes }])
      await store.close()
    },
  },
]
