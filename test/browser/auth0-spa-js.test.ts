import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import express from 'express'
import { decodeJwt } from 'jose'
import type { Browser } from 'playwright-core'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { startChromium } from '../support/chromium.js'
import { readPage, blocksOf } from '../support/docs.js'
import { requireCommand } from '../support/require-command.js'
import { API } from '../support/tour.js'

const library = join(createRequire(import.meta.url).resolve('@auth0/auth0-spa-js'), '../../auth0-spa-js.production.js')

/** A key and a certificate of nobody: the library takes no issuer without TLS. */
function createCertificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-tls-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
    spawnSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('@auth0/auth0-spa-js, in a browser', () => {
  let browser: Browser
  let http: Server
  let server: AuthorizationServer
  let url: string
  let clientId: string

  before(async function start() {
    requireCommand(this, ['openssl', 'version'])
    browser = await startChromium(this)
    http = createServer(createCertificate())
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
    url = `https://localhost:${(http.address() as AddressInfo).port}`
    server = await authorizationServer({
      issuer: url,
      store: embeddedStore(':memory:'),
      authorizeAdmin: () => ({ scopes: [] }),
      users: { authenticate: () => ({ id: 'ada', claims: { name: 'Ada' } }), loginUrl: '/login' },
    })
    const app = express().use(server.router, server.adminRouter)
    app.get('/', (_req, res) => res.send('<!doctype html><title>App</title><script src="/auth0.js"></script>'))
    app.get('/auth0.js', (_req, res) => res.sendFile(library))
    http.on('request', app)
    await register('/apis', API)
    const client = { name: 'App', application_type: 'spa', callbacks: [`${url}/`], web_origins: [url] }
    clientId = String((await register('/clients', client))['client_id'])
  })
  after(async () => {
    await browser?.close()
    http?.closeAllConnections()
    await new Promise(resolve => http?.close(resolve))
    await server?.close()
  })

  async function register(path: string, body: object): Promise<Record<string, unknown>> {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
    const answer = await page.request.post(url + path, { data: body })
    expect(answer.status(), await answer.text()).to.equal(201)
    return answer.json()
  }

  it('signs in, gets tokens for the API, and new ones by its refresh token', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    page.setDefaultTimeout(30_000)
    const [setUp = ''] = blocksOf(readPage('user-flows.md'), 'js')
    const create = setUp
      .replace("import { createAuth0Client } from '@auth0/auth0-spa-js'", 'const { createAuth0Client } = auth0')
      .replaceAll("'https://id.example.com'", `'${url}'`)
      .replace("'cli_…'", `'${clientId}'`)
      .replace('const client =', 'globalThis.client =')
    const run = (script: string): Promise<unknown> => page.evaluate(`(async () => { ${script} })()`)

    await page.goto(`${url}/`)
    await run(`${create}; await client.loginWithRedirect()`).catch(() => undefined)
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(target => target.searchParams.has('code'))
    await run(`${create}; await client.handleRedirectCallback()`)
    expect(await run('return (await client.getUser())')).to.include({ sub: 'ada', name: 'Ada' })
    const first = String(await run('return client.getTokenSilently()'))
    expect(decodeJwt(first)).to.include({ sub: 'ada', aud: API.identifier, iss: url })
    const second = String(await run("return client.getTokenSilently({ cacheMode: 'off' })"))
    expect(decodeJwt(second)['jti']).not.to.equal(decodeJwt(first)['jti'])
  })
})
