import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A server that speaks MongoDB's wire protocol, or why there is none. */
export type MongoServer = { uri: string } | { reason: string }

let running: Promise<MongoServer> | undefined

/**
 * One server for the whole test run, started on first use: `MONGODB_URI`, a `mongod` on the PATH, the official one by
 * mongodb-memory-server where it can be downloaded, or mongo-java-server where Java and Maven are.
 */
export function mongoServer(): Promise<MongoServer> {
  running ??= start()
  return running
}

async function start(): Promise<MongoServer> {
  const given = process.env['MONGODB_URI']
  if (given) return { uri: given }
  if (has('mongod')) return startMongod()
  return (await startMemoryServer()) ?? (await startJavaServer())
}

function has(command: string, flag = '--version'): boolean {
  return spawnSync(command, [flag], { stdio: 'ignore' }).status === 0
}

async function startMongod(): Promise<MongoServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-mongod-'))
  const options = ['--port', `${port}`, '--bind_ip', '127.0.0.1', '--dbpath', folder]
  const child = own(spawn('mongod', options, { stdio: ['ignore', 'pipe', 'ignore'] }))
  await output(child, /Waiting for connections/)
  return { uri: `mongodb://127.0.0.1:${port}/` }
}

/** It downloads mongod at its first use; only asked for by name, since without a way out it tries for minutes. */
async function startMemoryServer(): Promise<MongoServer | null> {
  if (!process.env['MONGOMS_SYSTEM_BINARY'] && !process.env['MONGOMS_DOWNLOAD']) return null
  const { MongoMemoryServer } = await import('mongodb-memory-server-core')
  const server = await MongoMemoryServer.create()
  return { uri: server.getUri() }
}

async function startJavaServer(): Promise<MongoServer> {
  if (!has('java', '-version') || !has('mvn')) {
    return { reason: 'no MONGODB_URI, no mongod, no MONGOMS_DOWNLOAD, and no Java with Maven' }
  }
  const script = fileURLToPath(new URL('./mongo-wire/start', import.meta.url))
  const child = own(spawn(script, ['0', ':memory:'], { stdio: ['ignore', 'pipe', 'inherit'] }))
  const [uri] = await output(child, /mongodb:\/\/\S+/)
  return { uri }
}

/** Ends the child when the tests end, and does not keep them from ending. */
function own(child: ChildProcess): ChildProcess {
  process.once('exit', () => child.kill('SIGTERM'))
  child.unref()
  return child
}

function output(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.once('exit', code => reject(new Error(`the server ended with ${code}`)))
    child.stdout?.on('data', chunk => {
      text += chunk
      const found = pattern.exec(text)
      if (found === null) return
      // Goes on reading, so that the server never blocks on a full pipe.
      const stream = child.stdout as unknown as { unref?(): void } | null
      stream?.unref?.()
      resolve(found)
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
