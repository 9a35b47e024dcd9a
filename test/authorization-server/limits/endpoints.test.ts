import { expect } from 'chai'
import request from 'supertest'
import { InvalidTokenError, ManagementError } from '../../../lib/errors.js'
import type { AuthorizationServerOptions, RateLimits } from '../../../lib/authorization-server/index.js'
import type { ClientRecord } from '../../../lib/store/records.js'
import { demoUsers } from '../../../lib/users/index.js'
import { describeStores, type StoreEngine } from '../../support/stores.js'
import { AUDIENCE, ORIGIN, type UserServer, userServer } from '../../support/user-tokens.js'

const LIMIT = { limit: 2, window: 60 }
const ALL: RateLimits = { token: LIMIT, authorize: LIMIT, management: LIMIT }
const PUBLIC = {
  token_endpoint_auth_method: 'none',
  secrets: [],
  application_type: 'spa',
} satisfies Partial<ClientRecord>

/** Sends a request, as a caller with this address. */
type Send = (test: UserServer, address?: string) => request.Test

const from = (sent: request.Test, address = '192.0.2.1'): request.Test => sent.set('x-forwarded-for', address)
const post = (test: UserServer, path: string, form: Record<string, string>, address?: string) =>
  from(test.post(path, form), address)
const token: Send = (test, address) =>
  post(test, '/oauth/token', { grant_type: 'client_credentials', audience: AUDIENCE }, address)
const revoke: Send = (test, address) => post(test, '/oauth/revoke', { token: 'x' }, address)
const introspect: Send = (test, address) => post(test, '/oauth/introspect', { token: 'x' }, address)
const get =
  (path: string): Send =>
  ({ app }, address) =>
    from(request(app).get(path), address)
const management = get('/apis')

async function start(engine: StoreEngine, options: Partial<AuthorizationServerOptions> = {}): Promise<UserServer> {
  const test = await userServer(engine, { rateLimits: ALL, authorizeAdmin: () => ({ scopes: [] }), ...options })
  test.app.set('trust proxy', true)
  await test.addApi()
  await test.addClient()
  return test
}

const reached = ({ events }: UserServer) => events.filter(({ type }) => type === 'limit.reached')

describeStores('limits', engine => {
  let test: UserServer
  afterEach(() => test.server.close())

  const limits: { description: string; send: Send; name: string; who: object; body?: object; title?: string }[] = [
    {
      ...{ description: '/oauth/token', send: token, name: 'token', who: { clientId: 'cli_app' } },
      body: { error: 'temporarily_unavailable', error_description: 'Too many requests.' },
    },
    { description: '/oauth/revoke', send: revoke, name: 'token', who: { clientId: 'cli_app' } },
    { description: '/oauth/introspect', send: introspect, name: 'token', who: { clientId: 'cli_app' } },
    {
      ...{ description: '/authorize', send: get('/authorize'), name: 'authorize', who: { address: '192.0.2.1' } },
      title: 'Too many requests',
    },
    {
      ...{ description: 'consent', send: get('/authorize/req_x'), name: 'authorize', who: { address: '192.0.2.1' } },
      title: 'Too many requests',
    },
    {
      ...{ description: '/apis', send: management, name: 'management', who: { address: '192.0.2.1' } },
      body: { status: 429, error_code: 'too_many_requests', message: 'Too many requests.', details: {} },
    },
  ]
  for (const { description, send, name, who, body, title } of limits) {
    it(`of ${description}: a window begins with its first request, and ends`, async () => {
      test = await start(engine)
      const first = await send(test)
      expect(first.status).to.be.below(429)
      test.clock.time += 10_500
      expect((await send(test)).status).to.equal(first.status)
      const refused = await send(test).expect(429)
      expect(refused.headers).to.deep.include({
        'retry-after': '50',
        'ratelimit-policy': `"${name}";q=2;w=60`,
        ratelimit: `"${name}";r=0;t=50`,
      })
      expect(refused.headers['cache-control']).to.include('no-store')
      if (body !== undefined) expect(refused.body).to.deep.equal(body)
      if (title !== undefined) expect(refused.text).to.include(`<h1>${title}</h1>`)
      await send(test).expect(429)
      expect(reached(test)).to.deep.equal([{ type: 'limit.reached', account: 'default', limit: name, ...who }])
      test.clock.time += 49_499
      await send(test).expect(429)
      test.clock.time += 1
      expect((await send(test)).status).to.equal(first.status)
    })
  }

  it('count the token endpoint, revocation, introspection and userinfo of a client together', async () => {
    test = await start(engine, { rateLimits: { token: { limit: 4, window: 60 } } })
    const bearer = await test.sign(await test.addGrant(), { scope: 'openid' })
    const userInfo = () => request(test.app).get('/userinfo').auth(bearer, { type: 'bearer' })
    await token(test).expect(200)
    await revoke(test).expect(200)
    await introspect(test).expect(200)
    await request(test.app).get('/userinfo').auth('x', { type: 'bearer' }).expect(401)
    await userInfo().expect(200)
    await userInfo().expect(429)
    await token(test).expect(429)
  })

  it('leave a client alone whose name a stranger sends', async () => {
    test = await start(engine, { rateLimits: { token: LIMIT, clientAuthentication: false } })
    await test.addClient({ id: 'cli_spa', ...PUBLIC })
    const stranger = (form: object) =>
      from(request(test.app).post('/oauth/revoke').type('form').send(form), '198.51.100.7')
    for (let i = 0; i < 3; i++) {
      await stranger({ client_id: 'cli_app', client_secret: 'wrong', token: 'x' }).expect(401)
    }
    for (const status of [200, 200, 429]) await stranger({ client_id: 'cli_spa', token: 'x' }).expect(status)
    await revoke(test).expect(200)
    const spa = request(test.app).post('/oauth/revoke').type('form').send({ client_id: 'cli_spa', token: 'x' })
    await from(spa).expect(200)
    const event = { type: 'limit.reached', account: 'default', limit: 'token' }
    expect(reached(test)).to.deep.equal([{ ...event, clientId: 'cli_spa', address: '198.51.100.7' }])
  })

  it('tell clients, and addresses, from each other; a /64 of IPv6 is one', async () => {
    test = await start(engine)
    await test.addClient({ id: 'cli_two' })
    for (const status of [200, 200, 429]) await token(test).expect(status)
    const form = { grant_type: 'client_credentials', audience: AUDIENCE }
    await test.post('/oauth/token', form, 'cli_two').expect(200)
    const authorize = get('/authorize')
    for (const end of ['1', '2']) await authorize(test, `2001:db8:0:1::${end}`).expect(400)
    await authorize(test, '2001:db8:0:1:ffff::3').expect(429)
    await authorize(test, '2001:db8:0:2::1').expect(400)
  })

  it('take what is no address for one caller, whom an event does not name', async () => {
    test = await start(engine)
    const sent = ['<script>', 'x'.repeat(65), 'a b']
    for (const [at, status] of [400, 400, 429].entries()) await get('/authorize')(test, sent[at]).expect(status)
    await get('/authorize')(test, '192.0.2.1').expect(400)
    expect(reached(test)).to.deep.equal([{ type: 'limit.reached', account: 'default', limit: 'authorize' }])
  })

  it('of the management API count by the client that the check names, of whatever address', async () => {
    let actor = 'one'
    test = await start(engine, { authorizeAdmin: () => ({ scopes: [], actor }) })
    for (const [end, status] of [200, 200, 429].entries()) await management(test, `192.0.2.${end}`).expect(status)
    actor = 'two'
    await management(test).expect(200)
    expect(reached(test)).to.deep.equal([
      { type: 'limit.reached', account: 'default', limit: 'management', clientId: 'one' },
    ])
  })

  it('of the management API are not counted by a name that is no text: that is a fault of the host', async () => {
    test = await start(engine, { authorizeAdmin: () => ({ scopes: [], actor: 7 as never }) })
    await management(test).expect(500)
    const [{ cause }] = test.events.filter(({ type }) => type === 'server.error') as [{ cause: Error }]
    expect(cause.message).to.match(/^authorizeAdmin: actor must be/)
  })

  it('of the management API count the client of a token', async () => {
    test = await start(engine, { authorizeAdmin: undefined as never })
    await test.addClient({
      id: 'cli_manager',
      api_grants: [{ audience: 'urn:scopegate:management', scope: ['read:apis'] }],
    })
    const form = { grant_type: 'client_credentials', audience: 'urn:scopegate:management' }
    const { body } = await test.post('/oauth/token', form, 'cli_manager').expect(200)
    const call = (address: string) => management(test, address).auth(body.access_token, { type: 'bearer' })
    for (const [end, status] of [200, 200, 429].entries()) await call(`192.0.2.${end}`).expect(status)
    expect(reached(test)[0]).to.include({ limit: 'management', clientId: 'cli_manager' })
  })

  it('of the management API count who lacks the scope as well', async () => {
    test = await start(engine, { authorizeAdmin: undefined as never })
    const api_grants = [{ audience: 'urn:scopegate:management', scope: ['read:apis'] }]
    await test.addClient({ id: 'cli_reader', api_grants })
    const form = { grant_type: 'client_credentials', audience: 'urn:scopegate:management' }
    const { body } = await test.post('/oauth/token', form, 'cli_reader').expect(200)
    const call = (path: string, address: string) => get(path)(test, address).auth(body.access_token, { type: 'bearer' })
    for (const [end, status] of [403, 403, 429].entries()) await call('/clients', `192.0.2.${end}`).expect(status)
    await call('/apis', '192.0.2.9').expect(429)
    const event = { type: 'limit.reached', account: 'default', limit: 'management', clientId: 'cli_reader' }
    expect(reached(test)).to.deep.equal([event])
  })

  it('of the management API count by address whom the check of the host forbids', async () => {
    test = await start(engine, {
      authorizeAdmin() {
        throw new ManagementError('insufficient_scope', 'no')
      },
    })
    for (const status of [403, 403, 429]) await management(test).expect(status)
    await management(test, '192.0.2.2').expect(403)
  })

  const unauthorized = [
    { description: 'an OAuthError', error: () => new InvalidTokenError('no') },
    { description: 'a ManagementError', error: () => new ManagementError('unauthorized', 'no') },
  ]
  for (const { description, error } of unauthorized) {
    it(`count a 401 of the management API, of ${description}, as a failed authentication of its address`, async () => {
      let isOpen = false
      test = await start(engine, {
        rateLimits: { clientAuthentication: { address: LIMIT, client: false } },
        authorizeAdmin() {
          if (isOpen) return { scopes: [] }
          throw error()
        },
      })
      for (const status of [401, 401]) await management(test).expect(status)
      const { body, headers } = await management(test).expect(429)
      expect(body.error_code).to.equal('too_many_requests')
      expect(headers['ratelimit']).to.equal('"clientAuthentication";r=0;t=60')
      await management(test, '192.0.2.2').expect(401)
      const wrong = () => from(request(test.app).post('/oauth/token').auth('cli_app', 'wrong').type('form').send({}))
      await wrong().expect(429)
      isOpen = true
      await management(test).expect(200)
      await token(test).expect(200)
    })
  }

  it('serve a right secret from an address past its failures, which an event tells of once', async () => {
    test = await start(engine, { rateLimits: { clientAuthentication: { address: false, client: LIMIT } } })
    const guess = (id: string) => from(request(test.app).post('/oauth/token').auth(id, 'wrong').type('form').send({}))
    for (const status of [401, 401, 429, 429]) await guess('cli_app').expect(status)
    for (const status of [401, 401, 429, 429]) await guess('nobody').expect(status)
    await token(test).expect(200)
    const event = { type: 'limit.reached', account: 'default', limit: 'clientAuthentication', address: '192.0.2.1' }
    expect(reached(test)).to.deep.equal([{ ...event, clientId: 'cli_app' }, event])
  })

  it('let a script of the client read how long to wait', async () => {
    test = await start(engine)
    for (let i = 0; i < 2; i++) await token(test).expect(200)
    const { headers } = await token(test).set('origin', ORIGIN).expect(429)
    expect(headers['access-control-expose-headers']).to.equal(
      'WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy',
    )
  })

  it('say in the events of refusals which limit it was, and whose', async () => {
    test = await start(engine)
    for (let i = 0; i < 3; i++) await token(test)
    const refused = test.events.filter(({ type }) => type === 'token.refused')
    expect(refused).to.deep.equal([
      {
        ...{ type: 'token.refused', account: 'default', clientId: 'cli_app' },
        ...{ code: 'temporarily_unavailable', detail: 'too_many_requests', address: '192.0.2.1' },
      },
    ])
  })

  it('count the sign-in of ready-made users with what leads to it', async () => {
    const { router, users } = demoUsers(['ada'])
    test = await start(engine, { users })
    test.app.use(router)
    await get('/authorize')(test).expect(400)
    await get('/login')(test).expect(200)
    const { text } = await get('/login')(test).expect(429)
    expect(text).to.include('<h1>Too many requests</h1>')
    await get('/logout')(test).expect(200)
  })

  for (const off of [false, { token: false, authorize: false, management: false }] as const) {
    it(`are off where rateLimits is ${JSON.stringify(off)}`, async () => {
      test = await start(engine, { rateLimits: off })
      for (let i = 0; i < 4; i++) {
        await token(test).expect(200)
        await get('/authorize')(test).expect(400)
        await management(test).expect(200)
      }
    })
  }
})
