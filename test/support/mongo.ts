import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
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
  const child = own(spawnMongod(port, mkdtempSync(join(tmpdir(), 'scopegate-mongod-'))))
  await output(child, /Waiting for connections/)
  return { uri: `mongodb://127.0.0.1:${port}/` }
}

function spawnMongod(port: number, folder: string): ChildProcess {
  const options = ['--port', `${port}`, '--bind_ip', '127.0.0.1', '--dbpath', folder]
  return spawn('mongod', options, { stdio: ['ignore', 'pipe', 'ignore'] })
}

/** It downloads mongod at its first use; only asked for by name, since without a way out it tries for minutes. */
async function startMemoryServer(): Promise<MongoServer | null> {
  if (!process.env['MONGOMS_SYSTEM_BINARY'] && !process.env['MONGOMS_DOWNLOAD']) return null
  const { MongoMemoryServer } = await import('mongodb-memory-server-core')
  const server = await MongoMemoryServer.create()
  return { uri: server.getUri() }
}

const NO_SERVER = 'no mongod, and no Java with Maven'

const hasJava = (): boolean => has('java', '-version') && has('mvn')

async function startJavaServer(): Promise<MongoServer> {
  if (!hasJava()) return { reason: `no MONGODB_URI, no MONGOMS_DOWNLOAD, ${NO_SERVER}` }
  const child = own(spawnJava(0, ':memory:'))
  const [uri] = await output(child, /mongodb:\/\/\S+/)
  return { uri }
}

function spawnJava(port: number, folder: string): ChildProcess {
  const script = fileURLToPath(new URL('./mongo-wire/start', import.meta.url))
  return spawn(script, [`${port}`, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** A server of one test's own, that it may stop and start again: always on the same port and the same data. */
export class OwnMongoServer {
  /** Skips a test or a suite where there is no program to start; under `CI=true` that is a failure. */
  static require(context: Mocha.Context): void {
    context.timeout(300_000)
    if (has('mongod') || hasJava()) return
    if (process.env['CI'] === 'true') throw new Error(`these tests must run here: ${NO_SERVER}`)
    console.warn(`  skipped: ${NO_SERVER}`)
    context.skip()
  }

  static async create(): Promise<OwnMongoServer> {
    return new OwnMongoServer(await freePort(), mkdtempSync(join(tmpdir(), 'scopegate-own-mongo-')))
  }

  readonly port: number
  readonly #folder: string
  #child: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.port = port
    this.#folder = folder
  }

  /** The connection string of its one database. */
  get uri(): string {
    return `mongodb://127.0.0.1:${this.port}/scopegate`
  }

  async start(): Promise<void> {
    const isReal = has('mongod')
    this.#child = own((isReal ? spawnMongod : spawnJava)(this.port, this.#folder))
    await output(this.#child, isReal ? /Waiting for connections/ : /mongodb:\/\/\S+/)
  }

  /** It takes connections and answers nothing, until it is thawed. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Ends it; what it has acknowledged stays. */
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    await ended
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Ends the child when the tests end, and does not keep them from ending. */
function own(child: ChildProcess): ChildProcess {
  const end = (): void => void child.kill('SIGTERM')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
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

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
