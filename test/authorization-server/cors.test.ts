import { expect } from 'chai'
import request from 'supertest'
import { accountsByPath } from '../../lib/authorization-server/index.js'
import { memoryStore } from './memory-store.js'
import { describeStores } from '../support/stores.js'
import { addFamily, ISSUER, ORIGIN, SECRET, type UserServer, userServer } from '../support/user-tokens.js'

const OTHER = 'https://other.example.com'
/** Served across origins, each with its methods. */
const PATHS = { '/oauth/token': 'POST', '/oauth/revoke': 'POST', '/userinfo': 'GET, POST' }

const corsHeaders = (headers: Record<string, unknown>) =>
  Object.keys(headers).filter(name => name.startsWith('access-control-'))

describeStores('CORS', engine => {
  let test: UserServer
  beforeEach(async () => {
    test = await userServer(engine)
    await test.addApi()
    await test.addClient()
    await test.addClient({ id: 'cli_spa', token_endpoint_auth_method: 'none', secrets: [] })
    await test.addClient({ id: 'cli_other', web_origins: [OTHER, 'http://localhost:5173'] })
  })
  afterEach(() => test.server.close())

  const preflight = (path: string, origin: string, of = test) =>
    request(of.app)
      .options(path)
      .set({ origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' })

  for (const [path, methods] of Object.entries(PATHS)) {
    for (const origin of [ORIGIN, OTHER, 'http://localhost:5173']) {
      it(`a preflight of ${path} is answered to ${origin}, which a client of the account has`, async () => {
        const { headers, text } = await preflight(path, origin).expect(204)
        expect(text).to.equal('')
        expect(headers).to.include({ 'access-control-allow-origin': origin, vary: 'Origin' })
        expect(headers['access-control-allow-methods']).to.equal(methods)
        expect(headers['access-control-allow-headers']).to.equal('Authorization, Content-Type')
        expect(headers).not.to.have.property('access-control-allow-credentials')
      })
    }

    for (const origin of [
      ...['https://evil.example', 'null', '*', 'https://app.example.com/', 'https://app.example.com:443'],
      ...[
        'http://app.example.com',
        'https://APP.example.com',
        'https://app.example.com.evil.example',
        `https://${'a'.repeat(5_000)}`,
      ],
    ]) {
      it(`a preflight of ${path} from ${origin.slice(0, 40)} gets no header of CORS`, async () => {
        const { headers } = await preflight(path, origin).expect(204)
        expect(corsHeaders(headers)).to.deep.equal([])
        expect(headers['vary']).to.equal('Origin')
      })
    }

    it(`OPTIONS of ${path} that is no preflight is refused`, async () => {
      await request(test.app).options(path).set({ origin: ORIGIN }).expect(405)
      await request(test.app).options(path).set({ 'access-control-request-method': 'POST' }).expect(405)
    })
  }

  const rows: {
    description: string
    token?: () => Promise<string>
    send: (token: string) => request.Test
    status: number
  }[] = [
    {
      description: 'a token',
      send: () => test.post('/oauth/token', { grant_type: 'client_credentials', audience: 'https://api.example.com' }),
      status: 200,
    },
    { description: 'a refused grant', send: () => test.post('/oauth/token', { grant_type: 'x' }), status: 400 },
    {
      description: 'a wrong secret',
      send: () => request(test.app).post('/oauth/token').auth('cli_app', 'wrong').type('form').send({}),
      status: 401,
    },
    {
      description: 'a missing secret',
      send: () => request(test.app).post('/oauth/revoke').type('form').send({ client_id: 'cli_app', token: 'x' }),
      status: 401,
    },
    { description: 'a revocation', send: () => test.post('/oauth/revoke', { token: 'x' }), status: 200 },
    {
      description: 'a revocation by a public client',
      send: () => request(test.app).post('/oauth/revoke').type('form').send({ client_id: 'cli_spa', token: 'x' }),
      status: 200,
    },
    { description: 'a revocation without a token', send: () => test.post('/oauth/revoke', {}), status: 400 },
    {
      description: '/userinfo',
      token: () => userToken(),
      send: token => request(test.app).get('/userinfo').auth(token, { type: 'bearer' }),
      status: 200,
    },
    {
      description: '/userinfo, for a token that has expired',
      token: () => userToken({ exp: 1 }),
      send: token => request(test.app).get('/userinfo').auth(token, { type: 'bearer' }),
      status: 401,
    },
    {
      description: '/userinfo, for a token without openid',
      token: () => test.sign(undefined),
      send: token => request(test.app).get('/userinfo').auth(token, { type: 'bearer' }),
      status: 403,
    },
  ]
  const userToken = async (claims?: object) => {
    const [api] = (await test.server.context.records.apis.find('default', { limit: 10 })).records.filter(
      ({ identifier }) => identifier === 'https://api.example.com',
    )
    return test.sign(await test.addGrant({ api_id: api?.id }), claims)
  }
  for (const { description, token = async () => '', send, status } of rows) {
    it(`${description}: the client's own origin may read it, with the headers it needs`, async () => {
      const { headers } = await send(await token())
        .set('origin', ORIGIN)
        .expect(status)
      expect(headers).to.include({ 'access-control-allow-origin': ORIGIN, vary: 'Origin' })
      expect(headers['access-control-expose-headers']).to.equal(
        'WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy',
      )
      expect(headers).not.to.have.property('access-control-allow-credentials')
    })

    it(`${description}: the origin of another client of the account may not`, async () => {
      const { headers } = await send(await token())
        .set('origin', OTHER)
        .expect(status)
      expect(corsHeaders(headers)).to.deep.equal([])
      expect(headers['vary']).to.equal('Origin')
    })

    it(`${description}: without an origin there is nothing of CORS`, async () => {
      const { headers } = await send(await token()).expect(status)
      expect(corsHeaders(headers)).to.deep.equal([])
    })
  }

  const nameless: { description: string; send: () => request.Test }[] = [
    {
      description: 'an unknown client',
      send: () => request(test.app).post('/oauth/token').auth('cli_x', 'x').type('form'),
    },
    { description: 'no client', send: () => request(test.app).post('/oauth/token').type('form').send({ a: 'b' }) },
    { description: 'GET /oauth/token', send: () => request(test.app).get('/oauth/token') },
    { description: '/userinfo without a token', send: () => request(test.app).get('/userinfo') },
    {
      description: '/userinfo with text',
      send: () => request(test.app).get('/userinfo').auth('x', { type: 'bearer' }),
    },
    {
      description: '/userinfo with a token of nobody',
      send: () => request(test.app).get('/userinfo').auth('x.bnVsbA.x', { type: 'bearer' }),
    },
    { description: '/oauth/introspect', send: () => test.post('/oauth/introspect', { token: 'x' }) },
    { description: '/authorize', send: () => request(test.app).get('/authorize') },
  ]
  for (const { description, send } of nameless) {
    it(`${description} has no header of CORS`, async () => {
      const { headers } = await send().set('origin', ORIGIN)
      expect(corsHeaders(headers)).to.deep.equal([])
    })
  }

  it('what the host has set stays, beside what is added', async () => {
    const { token } = await addFamily(test)
    const { default: express } = await import('express')
    const app = express()
    app.use((_req, res, next) => {
      res.set({ vary: 'Accept-Encoding', 'access-control-expose-headers': 'X-Own' })
      next()
    })
    app.use(test.server.router)
    const call = request(app).post('/oauth/revoke').auth('cli_app', SECRET).set('origin', ORIGIN).type('form')
    const { headers } = await call.send({ token }).expect(200)
    expect(headers['vary']).to.equal('Accept-Encoding, Origin')
    expect(headers['access-control-expose-headers']).to.equal(
      'X-Own, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy',
    )
  })

  it('an origin of another account is a wrong one', async () => {
    const two = await userServer(engine, { accounts: accountsByPath(ISSUER, ['acme', 'globex']) })
    await two.addClient({ account: 'globex' })
    const at = async (name: string) => (await preflight(`/t/${name}/oauth/token`, ORIGIN, two).expect(204)).headers
    expect(await at('globex')).to.include({ 'access-control-allow-origin': ORIGIN })
    expect(corsHeaders(await at('acme'))).to.deep.equal([])
    await two.server.close()
  })
})

describe('the look-up of origins', () => {
  it('asks the store once for each origin, right or wrong, and sees a change of this process at once', async () => {
    const store = memoryStore()
    const scopes = ['create:clients', 'update:clients', 'delete:clients']
    const open = { name: 'embedded', open: async () => store } as const
    const { app, clock } = await userServer(open, { authorizeAdmin: () => ({ scopes }) })
    const allowed = async () => {
      const call = request(app).options('/oauth/token').set({ origin: ORIGIN, 'access-control-request-method': 'POST' })
      const { headers } = await call.expect(204)
      return headers['access-control-allow-origin']
    }
    const finds = () => store.calls.get('clients.find') ?? 0
    const before = finds()
    for (let turn = 0; turn < 3; turn++) expect(await allowed()).to.equal(undefined)
    expect(finds()).to.equal(before + 1)
    const made = await request(app)
      .post('/clients')
      .send({ name: 'App', web_origins: [ORIGIN] })
      .expect(201)
    for (let turn = 0; turn < 3; turn++) expect(await allowed()).to.equal(ORIGIN)
    expect(finds()).to.equal(before + 2)
    clock.time += 15_001
    expect(await allowed()).to.equal(ORIGIN)
    expect(finds()).to.equal(before + 3)
    await request(app).post(`/clients/${made.body.id}`).send({ web_origins: [] }).expect(200)
    expect(await allowed()).to.equal(undefined)
  })
})
