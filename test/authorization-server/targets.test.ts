import { expect } from 'chai'
import express5 from 'express'
import express4 from 'express4'
import { resourceServer } from 'scopegate'
import { accountsByHost, accountsByPath, type AuthorizationServer } from '../../lib/authorization-server/index.js'
import { type Answer, requestHead, sendRaw } from '../support/pieces.js'
import { addApi, addClient, GOOD, startServer } from './fixtures.js'

const ISSUER = 'https://id.example.com'
const KEYS = '/.well-known/jwks.json'
const METADATA = '/.well-known/openid-configuration'

const formats = Object.entries({ 4: express4, 5: express5 })

/** Both routers, and a host's route behind them that shows the URL which is left to it. */
function createApp(express: typeof express5, mounted: string, { router, adminRouter }: AuthorizationServer) {
  const app = express()
  app.use(mounted, router, adminRouter)
  app.use((req, res) => void res.end(`host ${req.baseUrl}|${req.url}`))
  return app
}

const read = ({ text }: Answer): Record<string, unknown> => JSON.parse(text)

describe('a request target that is a whole URL', () => {
  const servers = new Map<string, AuthorizationServer>()
  before(async () => {
    const admin = { authorizeAdmin: () => ({ scopes: [] }) }
    const accounts = {
      single: undefined,
      path: accountsByPath(ISSUER, ['acme', 'globex']),
      host: accountsByHost({
        'id.example.com': { name: 'acme', issuer: ISSUER },
        'evil.example': { name: 'evil', issuer: 'https://evil.example' },
      }),
    }
    for (const [name, resolver] of Object.entries(accounts)) {
      const test = await startServer({ ...admin, ...(resolver && { accounts: resolver }) })
      await addApi(test)
      await addClient(test)
      servers.set(name, test.server)
    }
  })

  const get = (target: string): string => requestHead(`GET ${target}`)
  const rows: { by: string; mounted?: string; target: string; issuer?: string; status?: number; left?: string }[] = [
    { by: 'single', target: `http://id.example.com${METADATA}`, issuer: ISSUER },
    { by: 'single', target: `http://evil.example:1${METADATA}`, issuer: ISSUER },
    { by: 'single', target: `HTTPS://user:pw@evil.example${METADATA}?x=1`, issuer: ISSUER },
    { by: 'single', mounted: '/auth', target: `http://id.example.com/auth${METADATA}`, issuer: ISSUER },
    { by: 'path', target: `http://id.example.com/t/acme${METADATA}`, issuer: `${ISSUER}/t/acme` },
    { by: 'path', target: `http://id.example.com${METADATA}/t/globex`, issuer: `${ISSUER}/t/globex` },
    { by: 'path', mounted: '/auth', target: `http://a/auth/t/globex${METADATA}`, issuer: `${ISSUER}/t/globex` },
    { by: 'path', target: `http://id.example.com/t/nobody${METADATA}`, status: 404 },
    { by: 'path', target: `http://id.example.com${METADATA}`, status: 404 },
    // Host alone says which host it is.
    { by: 'host', target: `http://evil.example${METADATA}`, issuer: ISSUER },
    { by: 'single', target: 'http://id.example.com/apis/api_1', status: 404 },
    { by: 'single', mounted: '/auth', target: 'http://id.example.com/auth/apis?pageSize=1', status: 200 },
    { by: 'path', target: 'http://id.example.com/t/acme/apis?pageSize=0', status: 400 },
    { by: 'path', target: 'http://id.example.com/t/nobody/apis', status: 404 },
    { by: 'single', target: 'http://id.example.com/users?x=1', left: '|http://id.example.com/users?x=1' },
    { by: 'single', mounted: '/auth', target: 'http://a/auth/users', left: '|http://a/auth/users' },
    { by: 'path', target: 'http://id.example.com/t/acme/x/apis', left: '|http://id.example.com/t/acme/x/apis' },
    { by: 'single', target: 'http://id.example.com//apis', left: '|http://id.example.com//apis' },
    { by: 'single', target: `http://id.example.com?${KEYS}`, left: `|http://id.example.com?${KEYS}` },
  ]
  for (const [version, express] of formats) {
    for (const { by, mounted = '/', target, issuer, status = 200, left } of rows) {
      it(`Express ${version}, accounts: ${by}, at ${mounted}: ${target}: ${issuer ?? left ?? status}`, async () => {
        const server = servers.get(by) as AuthorizationServer
        const answer = await sendRaw(createApp(express, mounted, server), get(target))
        expect(answer.status).to.equal(status)
        if (issuer !== undefined) expect(read(answer)).to.include({ issuer })
        else if (left !== undefined) expect(answer.text).to.equal(`host ${left}`)
        else expect(read(answer)).to.be.an('object')
      })
    }

    it(`Express ${version}: gets a token, and creates an API whose Location is a path`, async () => {
      const app = createApp(express, '/auth', servers.get('single') as AuthorizationServer)
      const form = new URLSearchParams(GOOD).toString()
      const post = (path: string, type: string, body: string) => {
        const headers = [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`]
        return sendRaw(app, requestHead(`POST http://evil.example/auth${path}`, ...headers) + body)
      }
      const token = await post('/oauth/token', 'application/x-www-form-urlencoded', form)
      expect([token.status, read(token)['token_type']]).to.deep.equal([200, 'Bearer'])
      const api = { name: 'Orders', identifier: `https://orders.example/${version}` }
      const created = await post('/apis', 'application/json', JSON.stringify(api))
      expect(created.status).to.equal(201)
      expect(created.headers).to.match(new RegExp(`^location: /auth/apis/${read(created)['id']}$`, 'im'))
    })
  }

  it('is served by the metadata of a protected resource', async () => {
    const { metadataRouter } = resourceServer({
      issuer: ISSUER,
      audience: 'https://api.example.com',
      resourceMetadata: { resource: 'https://api.example.com/v1' },
    })
    const app = express5().use(metadataRouter)
    const path = '/.well-known/oauth-protected-resource/v1'
    for (const target of [path, `http://evil.example${path}`, `http://evil.example${path}?x=1`]) {
      const answer = await sendRaw(app, get(target))
      expect(read(answer)).to.include({ resource: 'https://api.example.com/v1' })
    }
    expect((await sendRaw(app, get(`http://evil.example/x${path}`))).status).to.equal(404)
  })
})

describe('a strange request target', () => {
  let server: AuthorizationServer
  before(async () => {
    const accounts = accountsByPath(ISSUER, ['acme', 'globex'])
    const test = await startServer({ accounts, authorizeAdmin: (_req, _scope, { name }) => ({ scopes: [name] }) })
    await addApi(test, { account: 'globex', id: 'api_globex', name: 'of globex' })
    server = test.server
  })

  /** None of these is a path of the account globex, or of a record. */
  const paths = [
    '//t/globex/apis/api_globex',
    '/t//globex/apis/api_globex',
    '/t/globex//apis/api_globex',
    '/t/acme/../globex/apis/api_globex',
    '/t/acme/..;/globex/apis/api_globex',
    '/t/acme/apis/../../globex/apis/api_globex',
    '/t/acme/apis/..;/api_globex',
    '/t/acme/apis/..%2f..%2fglobex%2fapis%2fapi_globex',
    '/t/acme/apis/%2e%2e/api_globex',
    '/t/acme/apis/api_globex',
    '/t/acme/apis/..',
    '/t/acme/apis/.',
    '/t/acme/apis/%00',
    '/t/acme/apis/api_globex%00',
    '/t/acme/apis/a%ZZ',
    '/t/acme/apis//',
    '/t/acme/apis//api_globex',
    '/t/acme/apis/api_globex/',
    '/t/acme/apis/__proto__',
    '/t/acme/clients/a/secrets/../../x',
    '/t/acme\\..\\globex/apis/api_globex',
    '/t\\globex/apis/api_globex',
    '\\t\\globex\\apis\\api_globex',
    '/t/acme/apis\\api_globex',
    '/t/globex%2fapis/api_globex',
    '/t/glob%65x/apis/api_globex',
    '/t/GLOBEX/apis/api_globex',
    '/t/acme,globex/apis/api_globex',
    '/t/acme;x=/apis/api_globex',
    '/t/acme/apis;x/api_globex',
    '/t/acme/apis#/api_globex',
    '/t/acme/apis/api_globex\x7f',
    '/t/acme/apis/\xe4',
    '/t/acme/apis/\xff\xfe',
    '/t/acme\xa0/apis/api_globex',
    '/t/acme/oauth//token',
    '/t/acme/oauth/token/',
    '/t/acme/oauth/token;x',
    '/t/acme/oauth%2ftoken',
    '/t/acme/.well-known/../.well-known/jwks.json',
    '/t/acme/.well-known//jwks.json',
    '/.well-known/openid-configuration//t/globex',
    '/.well-known/openid-configuration/t/acme/../globex',
    '/.well-known/openid-configuration/t/globex/',
    '/.well-known/openid-configuration/t/%67lobex',
    'http://id.example.com\\/t/globex/apis/api_globex',
    'http:/t/globex/apis/api_globex',
    'http:\\\\id.example.com/t/globex/apis/api_globex',
    'x:t/globex/apis/api_globex',
    `/t/acme/apis/${'/'.repeat(8_000)}`,
    `/t/acme/${'apis/'.repeat(2_000)}`,
    '*',
  ]
  for (const [version, express] of formats) {
    for (const path of paths) {
      it(`Express ${version}: ${JSON.stringify(path.slice(0, 60))} is no fault, and shows nothing of globex`, async () => {
        const app = createApp(express, '/', server)
        for (const method of ['GET', 'POST']) {
          const answer = await sendRaw(
            app,
            Buffer.from(requestHead(`${method} ${path}`, 'Content-Length: 0'), 'latin1'),
          )
          expect([200, 400, 404, 405, 415]).to.include(answer.status)
          expect(answer.text).not.to.include('of globex').and.not.to.include(`"issuer":"${ISSUER}/t/globex"`)
          if (answer.status === 200) expect(answer.text.startsWith('host ')).to.equal(true)
        }
      })
    }
  }

  it('the plain one shows it', async () => {
    const app = createApp(express5, '/', server)
    expect((await sendRaw(app, requestHead('GET /t/globex/apis/api_globex'))).text).to.include('of globex')
  })
})
