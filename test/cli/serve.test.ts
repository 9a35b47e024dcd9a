import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { requireCommand } from '../support/require-command.js'
import { requestHead, sendTo } from '../support/pieces.js'
import { mongoDatabase, requireMongo } from '../support/stores.js'

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
const run = promisify(execFile)

interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** The command line in a process of its own. */
class Command {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #changed = new Set<() => void>()

  constructor(env: Record<string, string>, args = ['serve']) {
    this.child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', chunk => this.#add('stdout', chunk))
    this.child.stderr?.on('data', chunk => this.#add('stderr', chunk))
  }

  #add(name: 'stdout' | 'stderr', chunk: Buffer): void {
    this[name] += chunk
    for (const listener of this.#changed) listener()
  }

  /** The address, once it listens. */
  address(): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = /"address":"([^"]+)"/.exec(this.stdout)?.[1]
        if (found !== undefined) resolve(found)
      }
      this.#changed.add(look)
      this.child.once('exit', () => reject(new Error(this.stderr)))
      look()
    })
  }

  async ended(): Promise<Outcome> {
    if (this.child.exitCode === null) await once(this.child, 'close')
    return { code: this.child.exitCode, stdout: this.stdout, stderr: this.stderr }
  }

  async stop(): Promise<Outcome> {
    this.child.kill('SIGTERM')
    return this.ended()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Asks until a connection is taken. */
async function firstAnswer(url: string): Promise<Response> {
  for (;;) {
    try {
      return await fetch(url)
    } catch (error) {
      const { code } = (error as { cause?: { code?: string } }).cause ?? {}
      if (code !== 'ECONNREFUSED') throw error
    }
  }
}

describe('scopegate serve', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scopegate-cli-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('prints lines that, pasted, lead to the protected route; and stops cleanly', async () => {
    const command = new Command({ PORT: '0', DATA_DIR: folder })
    const address = await command.address()
    expect(await (await fetch(`${address}/health`)).json()).to.deep.equal({ status: 'ok' })
    const lines = command.stderr.slice(command.stderr.indexOf('# 1.'))
    const { stdout } = await run('bash', ['-c', lines])
    expect(stdout).to.match(/"identifier":"https:\/\/api\.example\.com"/)
    expect(stdout).to.match(/"aud":"https:\/\/api\.example\.com".*"scope":"read:users","permissions":\["read:users"\]/)
    expect(stdout).to.match(/HTTP\/1\.1 200 OK[\s\S]*"users"/)
    expect(stdout).to.match(/HTTP\/1\.1 403 Forbidden[\s\S]*WWW-Authenticate: Bearer [^\n]*scope="read:users"/)
    const outcome = await command.stop()
    expect(outcome.code).to.equal(0)
    for (const line of outcome.stdout.trim().split('\n')) expect(() => JSON.parse(line), line).not.to.throw()
    const secret = /Secret +(\S+)/.exec(outcome.stderr)?.[1] ?? ''
    expect(secret).to.match(/^[A-Za-z0-9_-]{43}$/)
    expect(outcome.stdout).not.to.include(secret)
    expect(outcome.stdout).not.to.match(/Bearer|eyJ/)
  })

  it('answers whoever comes as soon as it listens', async () => {
    const port = await freePort()
    const command = new Command({ PORT: `${port}`, DATA_DIR: folder })
    const answer = await firstAnswer(`http://127.0.0.1:${port}/health`)
    expect(answer.status).to.equal(200)
    await command.stop()
  })

  it('takes a whole URL as request target, and logs the path of it alone', async () => {
    const command = new Command({ PORT: '0', DATA_DIR: ':memory:' })
    const port = Number(new URL(await command.address()).port)
    for (const path of ['/health', '/.well-known/jwks.json']) {
      const { status } = await sendTo(port, requestHead(`GET http://user:a-password@id.example.com${path}?x=hidden`))
      expect(status).to.equal(200)
    }
    const { stdout } = await command.stop()
    expect(stdout).to.include('"path":"/health"').and.include('"path":"/.well-known/jwks.json"')
    expect(stdout).not.to.match(/a-password|hidden/)
  })

  it('prints the secret on the first start alone', async () => {
    const first = new Command({ PORT: '0', DATA_DIR: folder })
    await first.address()
    expect((await first.stop()).stderr).to.match(/Secret/)
    const second = new Command({ PORT: '0', DATA_DIR: folder })
    await second.address()
    expect((await second.stop()).stderr).to.equal('')
  })

  it('takes a management client from the environment and never prints its secret', async () => {
    const env = { MANAGEMENT_CLIENT_ID: 'admin', MANAGEMENT_CLIENT_SECRET: 'a-secret-of-the-environment' }
    const command = new Command({ PORT: '0', DATA_DIR: ':memory:', ...env })
    const address = await command.address()
    const answer = await fetch(`${address}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('admin:a-secret-of-the-environment').toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    expect(answer.status).to.equal(200)
    const { stdout, stderr } = await command.stop()
    expect(stdout + stderr).not.to.include('a-secret-of-the-environment')
  })

  it('serves accounts under their paths, and nothing else at the root', async () => {
    const command = new Command({ PORT: '0', DATA_DIR: ':memory:', ACCOUNTS: 'acme,globex' })
    const address = await command.address()
    const status = async (path: string) => (await fetch(address + path)).status
    expect(await status('/health')).to.equal(200)
    expect(await status('/t/acme/.well-known/jwks.json')).to.equal(200)
    expect(await status('/.well-known/oauth-authorization-server/t/globex')).to.equal(200)
    expect(await status('/t/other/apis')).to.equal(404)
    expect(await status('/apis')).to.equal(404)
    expect(await status('/.well-known/jwks.json')).to.equal(404)
    expect((await command.stop()).code).to.equal(0)
  })

  it('runs on MongoDB, and warns where keys are not encrypted', async function onMongo() {
    await requireMongo(this)
    const command = new Command({ PORT: '0', MONGODB_URI: await mongoDatabase() })
    const address = await command.address()
    expect((await fetch(`${address}/health`)).status).to.equal(200)
    const { code, stdout } = await command.stop()
    expect(code).to.equal(0)
    expect(stdout).to.match(/"level":40.*ENCRYPTION_KEY/)
  })

  it('warns where other users can read what it stores', async () => {
    chmodSync(folder, 0o755)
    const command = new Command({ PORT: '0', DATA_DIR: folder })
    await command.address()
    const { code, stdout } = await command.stop()
    expect(code).to.equal(0)
    const warnings = stdout.split('\n').filter(line => line.includes('"level":40'))
    expect(warnings).to.have.length(1)
    expect(JSON.parse(warnings[0] ?? '')).to.include({ path: folder, mode: '0755' })
  })

  it('answers 503 to what it cannot write, and goes on; when there is room it writes again', async function onFullDisk() {
    requireCommand(this, ['prlimit', '--pid', `${process.pid}`, '--fsize'])
    const env = { MANAGEMENT_CLIENT_ID: 'admin', MANAGEMENT_CLIENT_SECRET: 'a-secret-of-the-environment-of-tests' }
    const command = new Command({ PORT: '0', DATA_DIR: folder, ...env })
    const address = await command.address()
    const limit = (bytes: string) => run('prlimit', ['--pid', `${command.child.pid}`, `--fsize=${bytes}:unlimited`])
    const token = () =>
      fetch(`${address}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('admin:a-secret-of-the-environment-of-tests')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
    const { access_token: bearer } = (await (await token()).json()) as { access_token: string }
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
    const create = (name: string) => {
      const body = JSON.stringify({ name, identifier: `urn:test:${name}`, description: 'x'.repeat(500) })
      return fetch(`${address}/apis`, { method: 'POST', headers, body })
    }
    for (let time = 0; time < 2; time++) {
      await limit(`${statSync(join(folder, 'data.mdb')).size}`)
      let written = 0
      while ((await create(`${time}-${written}`)).status === 201) written++
      for (const answer of await Promise.all([create('x'), create('y'), create('z')]))
        expect(answer.status).to.equal(503)
      expect((await token()).status).to.equal(200)
      expect((await fetch(`${address}/apis`, { headers })).status).to.equal(200)
      expect((await fetch(`${address}/health`)).status).to.equal(200)
      await limit('unlimited')
      expect((await create(`${time}-after`)).status).to.equal(201)
    }
    expect((await command.stop()).code).to.equal(0)
  })

  describe('refuses with one line and exit 1', () => {
    const refusals: { description: string; env: Record<string, string>; message: RegExp }[] = [
      { description: 'an issuer with a trailing slash', env: { ISSUER: 'https://a.example/' }, message: /slash/ },
      {
        description: 'an unreachable MongoDB',
        env: { MONGODB_URI: 'mongodb://127.0.0.1:1/x' },
        message: /MONGODB_URI/,
      },
      {
        description: 'a folder below a file',
        env: { DATA_DIR: '/dev/null/x' },
        message: /cannot be used \(DATA_DIR, \/dev\/null\/x\): not a directory/,
      },
      {
        description: 'a folder where none can be made',
        env: { DATA_DIR: '/proc/x/y' },
        message: /cannot be used \(DATA_DIR, \/proc\/x\/y\): no such file or directory/,
      },
    ]
    for (const { description, env, message } of refusals) {
      it(description, () => refused(new Command({ PORT: '0', DATA_DIR: ':memory:', ...env }), message))
    }

    it('a data file that is damaged', async () => {
      writeFileSync(join(folder, 'data.mdb'), 'It is a text.')
      await refused(
        new Command({ PORT: '0', DATA_DIR: folder }),
        new RegExp(`data file is damaged \\(DATA_DIR, ${folder}\\)`),
      )
    })

    it('an unknown command', () => refused(new Command({}, ['start']), /unknown command/))

    it('a port in use', async () => {
      const server: Server = createServer()
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as { port: number }
      await refused(new Command({ PORT: `${port}`, DATA_DIR: ':memory:' }), /port is in use/)
      await new Promise(resolve => server.close(resolve))
    })

    it('a second process on one folder, whose first goes on', async () => {
      const first = new Command({ PORT: '0', DATA_DIR: folder })
      const address = await first.address()
      await refused(new Command({ PORT: '0', DATA_DIR: folder }), /another process/)
      expect((await fetch(`${address}/health`)).status).to.equal(200)
      await first.stop()
    })

    it('a wrong and a missing encryption key, without making a new signing key', async () => {
      const key = (fill: number) => Buffer.alloc(32, fill).toString('base64')
      const kidOf = async (command: Command) => {
        const answer = await fetch(`${await command.address()}/.well-known/jwks.json`)
        await command.stop()
        return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
      }
      const env = { PORT: '0', DATA_DIR: folder }
      const kids = await kidOf(new Command({ ...env, ENCRYPTION_KEY: key(1) }))
      await refused(new Command({ ...env, ENCRYPTION_KEY: key(2) }), /ENCRYPTION_KEY does not open/)
      await refused(new Command(env), /ENCRYPTION_KEY is missing/)
      expect(await kidOf(new Command({ ...env, ENCRYPTION_KEY: key(1) }))).to.deep.equal(kids)
    })

    async function refused(command: Command, message: RegExp): Promise<void> {
      const { code, stderr } = await command.ended()
      expect(stderr).to.match(message)
      expect(stderr.trim().split('\n')).to.have.length(1)
      expect(stderr).not.to.match(/ {4}at |Error:/)
      expect(code).to.equal(1)
    }
  })
})
