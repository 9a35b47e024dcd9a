import { expect } from 'chai'
import request from 'supertest'
import { accountsByHost, accountsByPath } from '../../lib/authorization-server/index.js'
import { addApi, addClient, decode, GOOD, mount, startServer, type TestServer } from './fixtures.js'

const BASE = 'https://id.example.com'

describe('accountsByPath', () => {
  const start = (): Promise<TestServer> => startServer({ accounts: accountsByPath(BASE, ['acme', 'globex']) })

  it('serves each account below its path, with its own issuer and keys', async () => {
    const { app } = await start()
    const jwks = new Set<string>()
    for (const name of ['acme', 'globex']) {
      const issuer = `${BASE}/t/${name}`
      for (const path of [
        `/t/${name}/.well-known/oauth-authorization-server`,
        `/t/${name}/.well-known/openid-configuration`,
        `/.well-known/oauth-authorization-server/t/${name}`,
        `/.well-known/openid-configuration/t/${name}`,
      ]) {
        const { body } = await request(app).get(path).expect(200)
        expect(body).to.include({ issuer, token_endpoint: `${issuer}/oauth/token` })
      }
      jwks.add((await request(app).get(`/t/${name}/.well-known/jwks.json`).expect(200)).text)
    }
    expect(jwks.size).to.equal(2)
  })

  for (const path of [
    '/t/nobody/oauth/token',
    '/t/ACME/oauth/token',
    '/t/%61cme/oauth/token',
    '/t//oauth/token',
    '/t/__proto__/oauth/token',
    '/oauth/token',
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/t/nobody',
    '/.well-known/openid-configuration/t/acmex',
  ]) {
    it(`answers ${path} with 404 in JSON`, async () => {
      const { server } = await start()
      const app = mount('/', server.router)
      const { body, headers } = await request(app).get(path).expect(404)
      expect(body.error).to.equal('not_found')
      expect(headers['cache-control']).to.equal('no-store')
    })
  }

  it('leaves other paths to the routes behind it, as they came', async () => {
    const { server } = await start()
    const app = mount('/', server.router, (req, res) => res.end(`${req.baseUrl}|${req.url}`))
    const others = ['/', '/health', '/t/', '/t/nobody', '/t/nobody/x', '/t/acme/other?x=1', '/t/acme//oauth/token']
    for (const path of others) await request(app).get(path).expect(200, `|${path}`)
  })

  it('keeps accounts apart', async () => {
    const test = await start()
    await addApi(test, { account: 'acme' })
    await addClient(test, { account: 'acme' })
    const { body } = await request(test.app).post('/t/acme/oauth/token').type('form').send(GOOD).expect(200)
    expect(decode(body.access_token).claims).to.include({ iss: `${BASE}/t/acme`, account: 'acme' })
    await request(test.app).post('/t/globex/oauth/token').type('form').send(GOOD).expect(401)
  })

  it('makes a management client in each account, whose token is good in its own alone', async () => {
    const { server, app } = await start()
    const created = server.takeManagementClients()
    expect(created.map(({ account }) => account)).to.deep.equal(['acme', 'globex'])
    const admin = mount('/', server.router, server.adminRouter)
    const [{ clientId, clientSecret } = { clientId: '', clientSecret: '' }] = created
    const { body } = await request(app)
      .post('/t/acme/oauth/token')
      .auth(clientId, clientSecret ?? '')
      .type('form')
      .send({ grant_type: 'client_credentials' })
      .expect(200)
    const authorization = `Bearer ${body.access_token}`
    await request(admin).get('/t/acme/apis').set({ authorization }).expect(200)
    await request(admin).get('/t/globex/apis').set({ authorization }).expect(401)
    await request(admin).get('/t/nobody/apis').set({ authorization }).expect(404)
    await request(admin).get('/apis').set({ authorization }).expect(404)
  })
})

describe('accountsByHost', () => {
  const accounts = accountsByHost({
    'id.acme.com': { name: 'acme', issuer: 'https://id.acme.com' },
    'ID.Globex.com': { name: 'globex', issuer: 'https://id.globex.com' },
  })
  const rows = [
    { host: 'id.acme.com', issuer: 'https://id.acme.com' },
    { host: 'ID.ACME.com', issuer: 'https://id.acme.com' },
    { host: 'id.acme.com:8443', issuer: 'https://id.acme.com' },
    { host: 'id.globex.com', issuer: 'https://id.globex.com' },
    { host: 'id.acme.com.evil.example', issuer: undefined },
    { host: 'evil.example', issuer: undefined },
    { host: '__proto__', issuer: undefined },
  ]
  for (const { host, issuer } of rows) {
    it(`${issuer === undefined ? 'refuses' : 'finds'} ${host}`, async () => {
      const { app } = await startServer({ accounts })
      const response = await request(app)
        .get('/.well-known/openid-configuration')
        .set({ host, 'x-forwarded-host': 'id.globex.com' })
      expect(response.status).to.equal(issuer === undefined ? 404 : 200)
      expect(response.body.issuer).to.equal(issuer)
    })
  }
})

describe('an issuer with a path', () => {
  const issuer = 'https://id.example.com/auth'
  const paths = [
    { mounted: '/', path: '/.well-known/openid-configuration' },
    { mounted: '/', path: '/auth/.well-known/openid-configuration' },
    { mounted: '/', path: '/.well-known/openid-configuration/auth' },
    { mounted: '/', path: '/.well-known/oauth-authorization-server/auth' },
    { mounted: '/auth', path: '/auth/.well-known/openid-configuration' },
  ]
  for (const { mounted, path } of paths) {
    it(`serves ${path} where the router is mounted at ${mounted}`, async () => {
      const { server } = await startServer({ issuer })
      const { body } = await request(mount(mounted, server.router)).get(path).expect(200)
      expect(body).to.include({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` })
    })
  }
})

describe('a resolver of the host', () => {
  it('opens accounts at their first request', async () => {
    const accounts = async () => ({ name: 'late', issuer: 'https://late.example', mountPath: '' })
    const { app, server } = await startServer({ accounts })
    expect(server.takeManagementClients()).to.deep.equal([])
    await request(app).get('/.well-known/jwks.json').expect(200)
    expect(server.takeManagementClients().map(({ account }) => account)).to.deep.equal(['late'])
  })

  it("is not asked for paths that can be nobody's", async () => {
    const { server } = await startServer({ accounts: () => expect.fail('asked') })
    const app = mount('/', server.router, server.adminRouter, (req, res) => res.end(`host ${req.url}`))
    for (const path of ['/', '/users?x=/apis', '/oauth', '/apisx/1', '/oauth/token/x', '/.well-known/other']) {
      await request(app).get(path).expect(200, `host ${path}`)
    }
  })
})
