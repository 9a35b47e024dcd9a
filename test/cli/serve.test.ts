import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Command, MAIN, type Outcome } from '../support/command.js'
import { requireCommand } from '../support/require-command.js'
import { ledgerOfRun } from '../support/secrecy/ledger.js'
import { requestHead, sendTo } from '../support/pieces.js'
import { mongoDatabase, requireMongo } from '../support/stores.js'
import { API, Tour } from '../support/tour.js'

const run = promisify(execFile)

/** The command line with a terminal as its standard error; standard output is a file. */
class TerminalCommand extends Command {
  readonly #output: string

  constructor(env: Record<string, string>, { output, args = ['serve'] }: { output: string; args?: string[] }) {
    const line = ['exec', process.execPath, '--import', 'tsx', MAIN, ...args].map(word => `'${word}'`).join(' ')
    // `script` shows on its own standard output what is written to the terminal. `exec` must not be quoted.
    super(env, [`echo "pid $$"; ${line.replace("'exec'", 'exec')} > '${output}'`, '/dev/null'], ['script', '-qec'])
    this.#output = output
  }

  /** What the terminal showed, once `pattern` is there. */
  async shown(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.stdout)) await once(this.child.stdout ?? this.child, 'data')
    return this.stdout.replaceAll('\r\n', '\n')
  }

  override async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    process.kill(Number(/^pid (\d+)/.exec(this.stdout)?.[1]), signal)
    const { code, stdout } = await this.ended()
    const log = readFileSync(this.#output, 'utf8')
    ledgerOfRun().logged('standard output of a child process', log)
    return { code, stdout: log, stderr: stdout.replaceAll('\r\n', '\n') }
  }
}

/** A server that takes connections and says nothing: a database that hangs. `taken` resolves at the first connection. */
async function silentServer(): Promise<{ port: number; taken: Promise<unknown>; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  const taken = once(server, 'connection')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    taken,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const grant = (address: string, id: string, secret: string, path = '') =>
  fetch(`${address}${path}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })

const CLIENT_LINE = /^scopegate: management client: account (\S+), issuer \S+, client id (\S+), secret (\S+)$/gm

/** Account, id and secret of each client that was printed. */
function printed(stderr: string): { account: string; id: string; secret: string }[] {
  const found = stderr.matchAll(CLIENT_LINE)
  return [...found].map(([, account = '', id = '', secret = '']) => ({ account, id, secret }))
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

  it('prints lines to a terminal that, pasted, lead to the protected route; and stops cleanly', async function onTerminal() {
    requireCommand(this, ['script', '-qec', 'true', '/dev/null'])
    const output = join(folder, 'stdout')
    const command = new TerminalCommand({ PORT: '0', DATA_DIR: join(folder, 'data') }, { output })
    const shown = await command.shown(/# 5\.[\s\S]*OTHER"; echo\r\n/)
    const lines = shown.slice(shown.indexOf('# 1.'))
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

  it('writes one line for each generated secret, and no tour, where there is no terminal', async () => {
    const command = new Command({ PORT: '0', DATA_DIR: folder, ACCOUNTS: 'acme,globex' })
    const address = await command.address()
    const { stdout, stderr } = await command.stop()
    expect(printed(stderr).map(({ account }) => account)).to.deep.equal(['acme', 'globex'])
    expect(stderr.trim().split('\n')).to.have.length(2)
    expect(stderr).to.include(`, issuer http://localhost:${new URL(address).port}/t/acme, `)
    for (const { secret } of printed(stderr)) expect(stdout).not.to.include(secret)
    for (const line of stdout.trim().split('\n')) expect(() => JSON.parse(line), line).not.to.throw()
  })

  it('answers whoever comes as soon as it listens', async () => {
    const port = await freePort()
    const command = new Command({ PORT: `${port}`, DATA_DIR: folder })
    const answer = await firstAnswer(`http://127.0.0.1:${port}/.well-known/jwks.json`)
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

  it('answers what it cannot parse in JSON, and goes on', async () => {
    const command = new Command({ PORT: '0', DATA_DIR: ':memory:' })
    const port = Number(new URL(await command.address()).port)
    for (const [text, status] of [
      ['hello\r\n\r\n', 400],
      ['GET /health HTTP/1.1\r\n\r\n', 400],
      [requestHead('GET /health', `X: ${'x'.repeat(17_000)}`), 431],
    ] as const) {
      const answer = await sendTo(port, text)
      expect(answer.status).to.equal(status)
      expect(JSON.parse(answer.text)).to.include({ error: 'invalid_request' })
    }
    expect((await sendTo(port, requestHead('GET /health'))).status).to.equal(200)
    await command.stop()
  })

  it('does not ask for a body whose length says that it is too large', async () => {
    const command = new Command({ PORT: '0', DATA_DIR: ':memory:' })
    const { port, hostname } = new URL(await command.address())
    const lines = ['Host: a', 'Content-Type: application/x-www-form-urlencoded', 'Expect: 100-continue']
    for (const [length, status] of [
      [4 * 1024 * 1024, 100],
      [4 * 1024 * 1024 + 1, 413],
    ]) {
      const client = connect(Number(port), hostname)
      client.write(['POST /oauth/token HTTP/1.1', ...lines, `Content-Length: ${length}`, '', ''].join('\r\n'))
      expect(String((await once(client, 'data'))[0])).to.match(new RegExp(`^HTTP/1\\.1 ${status} `))
      client.destroy()
    }
    await command.stop()
  })

  it('prints the secret on the first start alone', async () => {
    const first = new Command({ PORT: '0', DATA_DIR: folder })
    await first.address()
    expect(printed((await first.stop()).stderr)).to.have.length(1)
    const second = new Command({ PORT: '0', DATA_DIR: folder })
    await second.address()
    expect((await second.stop()).stderr).to.equal('')
  })

  it('takes a management client from the environment and never prints its secret', async () => {
    const env = { MANAGEMENT_CLIENT_ID: 'admin', MANAGEMENT_CLIENT_SECRET: 'a-secret-of-the-environment-of-tests' }
    const command = new Command({ PORT: '0', DATA_DIR: ':memory:', ...env })
    const address = await command.address()
    expect((await grant(address, 'admin', 'a-secret-of-the-environment-of-tests')).status).to.equal(200)
    const { stdout, stderr } = await command.stop()
    expect(stderr).to.equal('')
    expect(stdout).not.to.include('a-secret-of-the-environment-of-tests')
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
    const document = await (await fetch(`${address}/t/acme/openapi.json`)).json()
    const { servers, paths } = document as { servers: object[]; paths: object }
    expect(servers).to.deep.equal([{ url: `http://localhost:${new URL(address).port}/t/acme` }])
    expect(paths).to.include.all.keys('/apis', '/oauth/token', '/openapi.json')
    expect(await status('/openapi.json')).to.equal(404)
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
    const { code, stdout, stderr } = await command.stop()
    expect(code).to.equal(0)
    expect(stdout).to.match(/"event":"server.error".*"code":"ERR_STORE_UNAVAILABLE","reason":"file too large"/)
    // LMDB may not survive a write that fails: none was made.
    expect(stderr).not.to.include('Write error')
  })

  it('serves the demo, and shows a terminal the way to it, on a loopback address alone', async function onTerminal() {
    requireCommand(this, ['script', '-qec', 'true', '/dev/null'])
    for (const { HOST, demo } of [
      { HOST: '0.0.0.0', demo: false },
      { HOST: 'localhost', demo: true },
    ]) {
      const port = await freePort()
      const output = join(folder, HOST)
      const command = new TerminalCommand({ PORT: `${port}`, DATA_DIR: ':memory:', HOST }, { output })
      const { status } = await firstAnswer(`http://127.0.0.1:${port}/demo/users`)
      expect(status, HOST).to.equal(demo ? 401 : 404)
      expect((await fetch(`http://127.0.0.1:${port}/demo/users/`)).status, HOST).to.equal(status)
      const { stderr } = await command.stop()
      expect(stderr.match(/^Secret /gm), HOST).to.have.length(1)
      expect(stderr.includes('curl'), HOST).to.equal(demo)
    }
  })

  describe('behind a proxy', () => {
    const WARNING = /"level":40.*TRUST_PROXY/g
    const forwarded = { 'x-forwarded-for': '192.0.2.1' }

    it('warns once where X-Forwarded-For comes and nobody said what is trusted', async () => {
      const command = new Command({ PORT: '0', DATA_DIR: ':memory:' })
      const address = await command.address()
      await fetch(`${address}/health`)
      expect(command.stdout).not.to.match(WARNING)
      for (let i = 0; i < 3; i++) await fetch(`${address}/health`, { headers: forwarded })
      const { stdout } = await command.stop()
      expect(stdout.match(WARNING)).to.have.length(1)
      expect(stdout).not.to.include('192.0.2.1')
    })

    it('counts failures by the address that a trusted proxy names, and by no other', async () => {
      for (const { TRUST_PROXY, last } of [
        { TRUST_PROXY: 'loopback', last: 401 },
        { TRUST_PROXY: '1', last: 401 },
        { TRUST_PROXY: 'false', last: 429 },
        { TRUST_PROXY: '192.0.2.0/24', last: 429 },
      ]) {
        const command = new Command({ PORT: '0', DATA_DIR: ':memory:', TRUST_PROXY })
        const address = await command.address()
        let status = 0
        for (let i = 0; i < 21; i++) status = (await fail(address, `198.51.100.${i}`)).status
        expect(status, TRUST_PROXY).to.equal(last)
        expect((await command.stop()).stdout, TRUST_PROXY).not.to.match(WARNING)
      }
    })

    const fail = (address: string, from: string) =>
      fetch(`${address}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('nobody:wrong')}`, 'x-forwarded-for': from },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
  })

  it('serves an http issuer of a private network, its demo route included, where that is allowed', async () => {
    for (const ACCOUNTS of ['', 'acme']) {
      const issuer = 'http://id.internal:8080'
      const base = ACCOUNTS && `/t/${ACCOUNTS}`
      const env = { PORT: '0', DATA_DIR: folder, ISSUER: issuer, ACCOUNTS, ALLOW_INSECURE_REQUESTS: '1' }
      const [client] = printed((await new Command(env, ['serve', '--reset-management-client']).ended()).stderr)
      const command = new Command(env)
      const address = await command.address()
      const answer = await grant(address, client?.id ?? '', client?.secret ?? '', base)
      const { access_token: bearer } = (await answer.json()) as { access_token: string }
      const demo = await fetch(`${address}${base}/demo/users`, { headers: { authorization: `Bearer ${bearer}` } })
      expect(demo.status).to.equal(401)
      // The keys were fetched, else it were 503: what is refused is the audience.
      expect(demo.headers.get('www-authenticate')).to.include('error="invalid_token"')
      expect((await command.stop()).stdout).to.include('"event":"issuer.insecure"')
    }
  })

  it('gives a client without api_grants nothing where API_GRANTS is required', async () => {
    for (const { API_GRANTS, status } of [
      { API_GRANTS: 'required', status: 400 },
      { API_GRANTS: '', status: 200 },
    ]) {
      const own = { MANAGEMENT_CLIENT_ID: 'ops', MANAGEMENT_CLIENT_SECRET: 'a-secret-of-the-environment-of-tests' }
      const command = new Command({ PORT: '0', DATA_DIR: ':memory:', ...own, API_GRANTS })
      const tour = new Tour(await command.address())
      await tour.logIn({ account: '', issuer: '', clientId: 'ops', clientSecret: own.MANAGEMENT_CLIENT_SECRET })
      const client = await tour.register()
      expect((await tour.token(client, { audience: API.identifier })).status, API_GRANTS).to.equal(status)
      await command.stop()
    }
  })

  describe('stops by a signal', () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`(${signal}): answers the request under way, does not wait for a silent connection, and exits 0`, async () => {
        const command = new Command({ PORT: '0', DATA_DIR: folder })
        const { port, hostname } = new URL(await command.address())
        const [silent, busy] = [connect(Number(port), hostname), connect(Number(port), hostname)]
        await Promise.all([once(silent, 'connect'), once(busy, 'connect')])
        busy.setEncoding('utf8')
        const body = 'grant_type=client_credentials'
        // The answer comes when the service has taken the request: it asks for the body then.
        busy.write(
          `POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
        )
        expect(String((await once(busy, 'data'))[0])).to.match(/^HTTP\/1\.1 100 /)
        const ended = once(silent, 'close')
        const outcome = command.stop(signal)
        await ended
        command.child.kill(signal)
        busy.write(body)
        const [answer] = await once(busy, 'data')
        expect(answer).to.match(/^HTTP\/1\.1 401 [\s\S]*connection: close/i)
        expect(await outcome).to.include({ code: 0 })
        silent.destroy()
        busy.destroy()
      })
    }

    it('during the start: who waits is answered, and it exits 0', async () => {
      const database = await silentServer()
      const port = await freePort()
      const command = new Command({ PORT: `${port}`, MONGODB_URI: `mongodb://127.0.0.1:${database.port}/x` })
      await database.taken
      const waiting = fetch(`http://127.0.0.1:${port}/apis`)
      // The service may cut it while it is being set up.
      const silent = connect(port, '127.0.0.1').on('error', () => undefined)
      await once(silent, 'connect')
      const outcome = command.stop()
      const answer = await waiting
      expect(answer.status).to.equal(503)
      expect(await answer.json()).to.include({ error_code: 'unavailable' })
      const { code, stdout, stderr } = await outcome
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).not.to.match(/listening/)
      silent.destroy()
      await database.close()
    })

    it('during the start: it ends between two accounts, shows what was made, and leaves the folder', async () => {
      const port = await freePort()
      const names = Array.from({ length: 40 }, (_, i) => `a${i}`)
      const command = new Command({ PORT: `${port}`, DATA_DIR: folder, ACCOUNTS: names.join() })
      const waiting = firstAnswer(`http://127.0.0.1:${port}/apis`)
      while (!command.stdout.includes('account.opened')) await once(command.child.stdout ?? command.child, 'data')
      const outcome = command.stop()
      expect((await waiting).status).to.equal(503)
      const { code, stdout, stderr } = await outcome
      expect(code).to.equal(0)
      const opened = stdout.match(/"account.opened"/g) ?? []
      const clients = printed(stderr)
      expect(clients).to.have.length(opened.length).and.length.below(names.length)
      const second = new Command({ PORT: '0', DATA_DIR: folder, ACCOUNTS: names.slice(0, opened.length).join() })
      const address = await second.address()
      for (const { account, id, secret } of clients) {
        expect((await grant(address, id, secret, `/t/${account}`)).status, account).to.equal(200)
      }
      expect((await second.stop()).stderr).to.equal('')
    })
  })

  describe('--reset-management-client', () => {
    const RESET = ['serve', '--reset-management-client']

    it('gives each account a client that manages it, prints them once, and exits 0', async () => {
      const env = { PORT: '0', DATA_DIR: folder, ACCOUNTS: 'acme,globex' }
      const { code, stdout, stderr } = await new Command(env, RESET).ended()
      expect(code).to.equal(0)
      const clients = printed(stderr)
      expect(clients.map(({ account }) => account)).to.deep.equal(['acme', 'globex'])
      for (const { secret } of clients) expect(stdout).not.to.include(secret)
      const command = new Command(env)
      const address = await command.address()
      for (const { account, id, secret } of clients) {
        const answer = await grant(address, id, secret, `/t/${account}`)
        expect(answer.status).to.equal(200)
        const { access_token } = (await answer.json()) as { access_token: string }
        const headers = { authorization: `Bearer ${access_token}` }
        expect((await fetch(`${address}/t/${account}/clients`, { headers })).status).to.equal(200)
      }
      expect(printed((await command.stop()).stderr)).to.deep.equal([])
    })

    it('keeps the old secret, takes the id of the environment, and needs no encryption key', async () => {
      const own = { MANAGEMENT_CLIENT_ID: 'ops', MANAGEMENT_CLIENT_SECRET: 'a-secret-of-the-environment-of-tests' }
      const env = { PORT: '0', DATA_DIR: folder, ...own }
      const key = { ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64') }
      const first = new Command({ ...env, ...key })
      await first.address()
      await first.stop()
      const { stderr } = await new Command({ DATA_DIR: folder, MANAGEMENT_CLIENT_ID: 'ops' }, RESET).ended()
      const [client] = printed(stderr)
      expect(client).to.include({ account: 'default', id: 'ops' })
      expect(stderr).not.to.include(own.MANAGEMENT_CLIENT_SECRET)
      const command = new Command({ ...env, ...key })
      const address = await command.address()
      for (const secret of [own.MANAGEMENT_CLIENT_SECRET, client?.secret ?? '']) {
        expect((await grant(address, 'ops', secret)).status).to.equal(200)
      }
      await command.stop()
    })

    it('works on MongoDB beside a running server', async function onMongo() {
      await requireMongo(this)
      const env = { PORT: '0', MONGODB_URI: await mongoDatabase() }
      const command = new Command(env)
      const address = await command.address()
      const { code, stderr } = await new Command(env, RESET).ended()
      expect(code).to.equal(0)
      const [client] = printed(stderr)
      expect((await grant(address, client?.id ?? '', client?.secret ?? '')).status).to.equal(200)
      await command.stop()
      expect(printed(command.stderr)[0]?.id).to.equal(client?.id)
    })
  })

  for (const args of [['--help'], ['-h'], ['serve', '--port', '1', '--help'], ['serve', '-h'], ['-v', '-h'], []]) {
    it(`prints the help for ${['scopegate', ...args].join(' ')}, and starts nothing`, async () => {
      const { code, stdout, stderr } = await new Command({ PORT: 'none', DATA_DIR: folder }, args).ended()
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.include('scopegate serve').and.include('--reset-management-client')
    })
  }

  for (const arg of ['--version', '-v']) {
    it(`prints the version for ${arg}`, async () => {
      const { code, stdout, stderr } = await new Command({}, [arg]).ended()
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/)
    })
  }

  describe('refuses with one line and exit 1, a wrong command line with exit 2', () => {
    const refusals: { description: string; env: Record<string, string>; message: RegExp }[] = [
      { description: 'an issuer with a trailing slash', env: { ISSUER: 'https://a.example/' }, message: /slash/ },
      {
        description: 'an http issuer on another host',
        env: { ISSUER: 'http://id.internal' },
        message: /ISSUER.*ALLOW_INSECURE_REQUESTS=1/,
      },
      { description: 'MongoDB without a database', env: { MONGODB_URI: 'mongodb://127.0.0.1:1' }, message: /database/ },
      {
        description: 'a short secret',
        env: { MANAGEMENT_CLIENT_ID: 'ops', MANAGEMENT_CLIENT_SECRET: 'hush-hush' },
        message: /MANAGEMENT_CLIENT_SECRET must be 32 /,
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
      {
        description: 'a key that only reads and is not there',
        env: { ENCRYPTION_KEY_READ_ONLY: '1' },
        message: /ENCRYPTION_KEY_READ_ONLY needs ENCRYPTION_KEY/,
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

    for (const args of [['start'], ['--port'], ['-p'], [''], ['-v', 'x'], ['--version', 'serve']]) {
      it(`scopegate ${args.join(' ')}`, () => refused(new Command({}, args), /unknown command/, 2))
    }

    for (const args of [
      ['x'],
      ['--port', '4000'],
      ['--port=1'],
      ['-p'],
      ['-v'],
      ['--version'],
      [''],
      ['--reset-management-client=1'],
      ['--reset-management-client', '-x'],
    ]) {
      it(`serve ${args.join(' ')}`, async () => {
        const command = new Command({ PORT: '0', DATA_DIR: folder }, ['serve', ...args])
        await refused(command, /^scopegate: unknown argument of serve; try scopegate --help$/m, 2)
        expect(readdirSync(folder)).to.deep.equal([])
      })
    }

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
      await refused(new Command({ DATA_DIR: folder }, ['serve', '--reset-management-client']), /another process/)
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

    async function refused(command: Command, message: RegExp, exitCode = 1): Promise<void> {
      const { code, stderr } = await command.ended()
      expect(stderr).to.match(message)
      expect(stderr.trim().split('\n')).to.have.length(1)
      expect(stderr).not.to.match(/ {4}at |Error:/)
      expect(code).to.equal(exitCode)
    }
  })
})
