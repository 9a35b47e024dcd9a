import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import express from 'express'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { demoUsers } from '../../lib/users/index.js'
import * as server from '../../lib/authorization-server/index.js'
import * as users from '../../lib/users/index.js'
import { blocksOf, readPage, sectionOf } from '../support/docs.js'
import { requireCommand } from '../support/require-command.js'
import { listen, type Running } from '../support/running.js'
import { seedKeys } from '../support/seeded-keys.js'
import { UserAgent } from '../support/user-agent.js'
import { documented } from '../support/documented.js'

const page = readPage('user-flows.md')
const [start = '', variables = '', register = '', request = '', code = '', exchange = '', refresh = '', revoke = ''] =
  blocksOf(page, 'sh')

/** One bash for the whole page: a variable that one block sets is there for the next. */
class Shell {
  readonly #bash: ChildProcessWithoutNullStreams = spawn('bash', [], { env: { PATH: process.env['PATH'] } })

  /** @returns what the block wrote */
  run(block: string): Promise<string> {
    const { stdin, stdout, stderr } = this.#bash
    return new Promise((resolve, reject) => {
      let text = ''
      const read = (chunk: Buffer): void => {
        text += chunk
        if (!text.endsWith('--end--\n')) return
        stdout.off('data', read)
        resolve(text.slice(0, -'--end--\n'.length))
      }
      stdout.on('data', read)
      stderr.once('data', (chunk: Buffer) => reject(new Error(String(chunk))))
      stdin.write(`${block}\necho --end--\n`)
    })
  }

  end(): void {
    this.#bash.stdin.end()
  }
}

describe('docs/user-flows.md', () => {
  let running: Running
  let server: AuthorizationServer
  let shell: Shell

  before(async function prepare() {
    requireCommand(this, ['bash', '-c', 'curl --version && openssl version && node --version'])
    shell = new Shell()
    const { router, users } = demoUsers(['ada', 'grace'])
    running = await listen(async issuer => {
      server = documented(
        await authorizationServer({ issuer, store: await seedKeys(embeddedStore(':memory:')), users }),
      )
      return express().use(router, server.router, server.adminRouter)
    })
  })
  after(async () => {
    shell?.end()
    await running?.stop()
    await server?.close()
  })

  it('starts with a command that package.json has', () => {
    expect(start).to.equal('DEMO_USERS=ada,grace npm start\n')
  })

  it('leads from a registration to a revoked grant, as it says', async function tour() {
    this.timeout(60_000)
    const [management] = server.takeManagementClients()
    const values = {
      ISSUER: running.url,
      MANAGEMENT_ID: management?.clientId,
      MANAGEMENT_SECRET: management?.clientSecret,
    }
    await shell.run(
      variables.replace(/^([A-Z_]+)=.*$/gm, (_line, name: keyof typeof values) => `${name}='${values[name]}'`),
    )
    await shell.run(register)
    const url = (await shell.run(request)).trim()

    const agent = new UserAgent('http://127.0.0.1:8080/callback')
    const login = await agent.open(url)
    const consent = await agent.submit(login, ['user', 'ada'])
    const callback = new URL((await agent.submit(consent, ['decision', 'allow'])).url)
    expect(callback.searchParams.get('iss')).to.equal(running.url)
    expect(url).to.contain(`state=${callback.searchParams.get('state')}`)

    await shell.run(code.replace('…', callback.searchParams.get('code') ?? ''))
    const [shown = '', shownUser = ''] = blocksOf(page, 'json')[0]?.trim().split('\n') ?? []
    const [, tokens = '', user = ''] = /^(\{.*?\})\s*(\{.*\})\s*$/s.exec(await shell.run(exchange)) ?? []
    expect(Object.keys(JSON.parse(tokens))).to.deep.equal(Object.keys(JSON.parse(shown)))
    expect(JSON.parse(tokens).scope).to.equal(JSON.parse(shown).scope)
    expect(JSON.parse(user)).to.deep.equal(JSON.parse(shownUser))
    expect(await shell.run(refresh)).to.equal('read:notes\ntrue\n')
    expect(await shell.run(revoke)).to.equal('false\n')
  })
})

describe('what README.md and docs/user-flows.md set up', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const blocks: [name: string, code: string | undefined, login: RegExp][] = [
    ['README.md', blocksOf(sectionOf(readme, '## Tokens for people'))[0], /^https:\/\/id\.example\.com\/login\?/],
    ['docs/user-flows.md', blocksOf(page)[0], /^https:\/\/id\.example\.com\/login\?return_to=/],
  ]
  for (const [name, code = '', login] of blocks) {
    it(`${name}: runs as it stands, and sends who is not signed in to sign in`, async () => {
      const app = express()
      const store = await seedKeys(embeddedStore(':memory:'))
      let made: AuthorizationServer | undefined
      const authorizationServer = async (options: server.AuthorizationServerOptions) => {
        made = await server.authorizationServer(options)
        return made
      }
      const { oidcUsers } = users
      const names = { app, store, issuer: 'https://id.example.com', clientSecret: 'a secret', oidcUsers }
      const all = { ...names, authorizationServer, findSession: () => undefined, mayHave: () => true }
      const AsyncFunction = (async () => {}).constructor as FunctionConstructor
      await new AsyncFunction(...Object.keys(all), code.replace(/^import .*$/gm, ''))(...Object.values(all))
      if (made === undefined) throw new Error('no server was made')
      const { records, clock } = made.context
      const now = new Date(clock.now())
      const times = { revision: 1, createdAt: now, updatedAt: now }
      await records.clients.insert({
        ...{ id: 'cli_app', account: 'default', ...times, name: 'App', application_type: 'web', is_first_party: false },
        ...{
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code'],
          callbacks: ['https://app.test/'],
        },
        ...{ web_origins: [], logout_urls: [], require_pkce: true, refresh_token: { token_lifetime: 60 }, secrets: [] },
      })
      const listening = await listen(() => express().use(made?.router ?? app))
      const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
      const query = `client_id=cli_app&response_type=code&scope=openid&code_challenge=${challenge}&code_challenge_method=S256`
      const kept = await fetch(`${listening.url}/authorize?${query}`, { redirect: 'manual' })
      const path = new URL(kept.headers.get('location') ?? '').pathname
      const cookie = kept.headers
        .getSetCookie()
        .map(line => line.split(';', 1)[0])
        .join('; ')
      const sent = await fetch(listening.url + path, { redirect: 'manual', headers: { cookie } })
      expect(sent.headers.get('location')).to.match(login)
      await listening.stop()
      await made.close()
    })
  }
})
