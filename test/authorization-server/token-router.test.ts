import { expect } from 'chai'
import request from 'supertest'
import { MANAGEMENT_AUDIENCE } from '../../lib/authorization-server/context/context.js'
import type { ApiRecord, ClientRecord } from '../../lib/store/records.js'
import {
  AUDIENCE,
  addApi,
  addClient,
  CLIENT_ID,
  decode,
  GOOD,
  mount,
  type Parameters,
  postToken,
  SECRET,
  startServer,
  type TestServer,
} from './fixtures.js'

interface Row {
  description: string
  parameters?: Parameters
  client?: Partial<ClientRecord>
  api?: Partial<ApiRecord>
}

const refusals: (Row & { status: number; error: string })[] = [
  { description: 'no grant_type', parameters: { grant_type: '' }, status: 400, error: 'invalid_request' },
  {
    description: 'an unknown grant_type',
    parameters: { grant_type: 'password' },
    status: 400,
    error: 'unsupported_grant_type',
  },
  {
    description: 'a grant_type named like a prototype',
    parameters: { grant_type: '__proto__' },
    status: 400,
    error: 'unsupported_grant_type',
  },
  {
    description: 'a bad secret before a missing grant_type',
    parameters: { grant_type: '', client_secret: 'x' },
    status: 401,
    error: 'invalid_client',
  },
  {
    description: 'client_credentials that is not registered',
    client: { grant_types: ['authorization_code'] },
    status: 400,
    error: 'unauthorized_client',
  },
  {
    description: 'authorization_code that is not registered',
    parameters: { grant_type: 'authorization_code', code: 'x' },
    status: 400,
    error: 'unauthorized_client',
  },
  {
    description: 'refresh_token that is not registered',
    parameters: { grant_type: 'refresh_token', refresh_token: 'x' },
    status: 400,
    error: 'unauthorized_client',
  },
  {
    description: 'an unknown code',
    parameters: { grant_type: 'authorization_code', code: 'x' },
    client: { grant_types: ['authorization_code'] },
    status: 400,
    error: 'invalid_grant',
  },
  {
    description: 'an unknown refresh token',
    parameters: { grant_type: 'refresh_token', refresh_token: 'x' },
    client: { grant_types: ['refresh_token'] },
    status: 400,
    error: 'invalid_grant',
  },
  {
    description: 'no code',
    parameters: { grant_type: 'authorization_code' },
    client: { grant_types: ['authorization_code'] },
    status: 400,
    error: 'invalid_request',
  },
  {
    description: 'client_credentials of a public client',
    parameters: { client_secret: '' },
    client: { token_endpoint_auth_method: 'none', secrets: [] },
    status: 400,
    error: 'unauthorized_client',
  },
  {
    description: 'an unknown audience',
    parameters: { audience: 'https://other.example' },
    status: 400,
    error: 'invalid_target',
  },
  {
    description: 'an audience with a slash more',
    parameters: { audience: `${AUDIENCE}/` },
    status: 400,
    error: 'invalid_target',
  },
  {
    description: 'an audience in another case',
    parameters: { audience: 'https://API.example.com' },
    status: 400,
    error: 'invalid_target',
  },
  {
    description: 'an audience with a NUL',
    parameters: { audience: `${AUDIENCE}\u0000` },
    status: 400,
    error: 'invalid_target',
  },
  {
    description: 'a very long audience',
    parameters: { audience: `https://${'a'.repeat(5000)}` },
    status: 400,
    error: 'invalid_target',
  },
  { description: 'another account’s audience', api: { account: 'other' }, status: 400, error: 'invalid_target' },
  {
    description: 'an audience outside api_grants',
    client: { api_grants: [{ audience: 'urn:x:y', scope: ['a'] }] },
    status: 400,
    error: 'invalid_target',
  },
  {
    description: 'any audience where api_grants is empty',
    client: { api_grants: [] },
    status: 400,
    error: 'invalid_target',
  },
  {
    description: 'resource that is not audience',
    parameters: { resource: 'https://other.example' },
    status: 400,
    error: 'invalid_target',
  },
  {
    description: 'the management API without api_grants',
    parameters: { audience: MANAGEMENT_AUDIENCE },
    status: 400,
    error: 'invalid_target',
  },
  { description: 'no audience and no default', parameters: { audience: '' }, status: 400, error: 'invalid_request' },
  {
    description: 'no audience and two api_grants',
    parameters: { audience: '' },
    client: {
      api_grants: [
        { audience: AUDIENCE, scope: ['read:users'] },
        { audience: 'urn:x:y', scope: ['a'] },
      ],
    },
    status: 400,
    error: 'invalid_request',
  },
  {
    description: 'a scope with two blanks',
    parameters: { scope: 'read:users  write:users' },
    status: 400,
    error: 'invalid_scope',
  },
  { description: 'a scope that is one blank', parameters: { scope: ' ' }, status: 400, error: 'invalid_scope' },
  { description: 'a scope with a quote', parameters: { scope: 'read:"users"' }, status: 400, error: 'invalid_scope' },
  { description: 'a scope that is not ASCII', parameters: { scope: 'lire:été' }, status: 400, error: 'invalid_scope' },
  {
    description: 'a malformed scope before an unknown audience',
    parameters: { scope: 'a  b', audience: 'urn:x:y' },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'a scope of which nothing is left',
    parameters: { scope: 'delete:users' },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'a scope named like a prototype',
    parameters: { scope: '__proto__ constructor' },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'only scopes of OpenID Connect',
    parameters: { scope: 'openid offline_access' },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'only scopes of OpenID Connect without a policy',
    parameters: { scope: 'openid' },
    api: { enforce_policies: false },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'a scope outside the ceiling',
    parameters: { scope: 'write:users' },
    client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'a scope outside the ceiling without a policy',
    parameters: { scope: 'write:users' },
    api: { enforce_policies: false },
    client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'an api_grants entry without scopes',
    client: { api_grants: [{ audience: AUDIENCE, scope: [] }] },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'an api_grants entry without scopes on an empty catalogue',
    api: { permissions: [] },
    client: { api_grants: [{ audience: AUDIENCE, scope: [] }] },
    status: 400,
    error: 'invalid_scope',
  },
  {
    description: 'a management scope that was not granted',
    parameters: { audience: MANAGEMENT_AUDIENCE, scope: 'delete:apis' },
    client: { api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: ['read:apis'] }] },
    status: 400,
    error: 'invalid_scope',
  },
]

const answers: (Row & { scope: string; permissions?: string[]; audience?: string })[] = [
  { description: 'the whole catalogue where no scope is asked', scope: 'read:users write:users' },
  {
    description: 'the whole catalogue where the scope is empty',
    parameters: { scope: '' },
    scope: 'read:users write:users',
  },
  {
    description: 'what was asked, in that order and once',
    parameters: { scope: 'write:users read:users write:users' },
    scope: 'write:users read:users',
  },
  {
    description: 'the part that stands in the catalogue',
    parameters: { scope: 'read:users delete:users' },
    scope: 'read:users',
  },
  {
    description: 'no scope of OpenID Connect',
    parameters: { scope: 'openid read:users offline_access' },
    scope: 'read:users',
  },
  {
    description: 'the catalogue within the ceiling',
    client: { api_grants: [{ audience: AUDIENCE, scope: ['write:users', 'x'] }] },
    scope: 'write:users',
  },
  { description: 'nothing of an empty catalogue', api: { permissions: [] }, scope: '' },
  {
    description: 'the scope verbatim without a policy',
    parameters: { scope: 'x:y read:users x:y' },
    api: { enforce_policies: false },
    scope: 'x:y read:users x:y',
  },
  {
    description: 'permissions in the authz dialect',
    parameters: { scope: 'write:users' },
    api: { token_dialect: 'access_token_authz' },
    scope: 'write:users',
    permissions: ['write:users'],
  },
  {
    description: 'permissions of the catalogue alone',
    parameters: { scope: 'x:y read:users' },
    api: { token_dialect: 'access_token_authz', enforce_policies: false },
    scope: 'x:y read:users',
    permissions: ['read:users'],
  },
  {
    description: 'an empty list of permissions',
    parameters: { scope: 'x:y' },
    api: { token_dialect: 'access_token_authz', enforce_policies: false },
    scope: 'x:y',
    permissions: [],
  },
  {
    description: 'resource as the audience',
    parameters: { audience: '', resource: AUDIENCE },
    scope: 'read:users write:users',
  },
  {
    description: 'resource beside an equal audience',
    parameters: { resource: AUDIENCE },
    scope: 'read:users write:users',
  },
  {
    description: 'the default audience',
    parameters: { audience: '' },
    client: { default_audience: AUDIENCE },
    scope: 'read:users write:users',
  },
  {
    description: 'the audience of the only grant',
    parameters: { audience: '' },
    client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
    scope: 'read:users',
  },
  {
    description: 'an identifier byte for byte',
    parameters: { audience: 'api://Default/%7e?x=1' },
    api: { identifier: 'api://Default/%7e?x=1' },
    scope: 'read:users write:users',
    audience: 'api://Default/%7e?x=1',
  },
  {
    description: 'what was granted of the management API',
    parameters: { audience: MANAGEMENT_AUDIENCE },
    client: { api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: ['read:apis', 'x'] }] },
    scope: 'read:apis',
    permissions: ['read:apis'],
    audience: MANAGEMENT_AUDIENCE,
  },
]

async function prepare({ api, client }: Row): Promise<TestServer> {
  const test = await startServer()
  await addApi(test, api)
  await addClient(test, client)
  return test
}

function expectUnstored(response: request.Response): void {
  expect(response.headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' })
}

function expectRefusal(response: request.Response, status: number, error: string): void {
  expectUnstored(response)
  expect({ status: response.status, error: response.body.error }).to.deep.equal({ status, error })
  expect(response.body).to.have.all.keys('error', 'error_description')
  expect(response.text).not.to.match(/node_modules|\.ts:|at /)
  expect(response.text).not.to.include(SECRET)
}

describe('POST /oauth/token', () => {
  for (const type of ['form', 'json']) {
    describe(`as ${type}`, () => {
      for (const { status, error, ...row } of refusals) {
        it(`refuses ${row.description}`, async () => {
          const { app } = await prepare(row)
          expectRefusal(await postToken(app, { ...GOOD, ...row.parameters }, type), status, error)
        })
      }
      for (const { scope, permissions, audience = AUDIENCE, ...row } of answers) {
        it(`grants ${row.description}`, async () => {
          const { app } = await prepare(row)
          const response = await postToken(app, { ...GOOD, ...row.parameters }, type).expect(200)
          expectUnstored(response)
          expect(response.body).to.have.all.keys('access_token', 'token_type', 'expires_in', 'scope')
          expect(response.body).to.include({ token_type: 'Bearer', scope })
          const { claims } = decode(response.body.access_token)
          expect(claims).to.include({ aud: audience, scope })
          expect(claims['permissions']).to.deep.equal(permissions)
        })
      }
    })
  }

  const bodies = [
    { description: 'no body', type: 'application/x-www-form-urlencoded', body: '', status: 401 },
    { description: 'text', type: 'text/plain', body: 'grant_type=client_credentials', status: 400 },
    { description: 'JSON that breaks off', type: 'application/json', body: '{"grant_type":', status: 400 },
    { description: 'a JSON list', type: 'application/json', body: '[]', status: 400 },
    { description: 'a JSON null', type: 'application/json', body: 'null', status: 400 },
    { description: 'a number as scope', type: 'application/json', body: '{"scope":1}', status: 400 },
    { description: 'a list as scope', type: 'application/json', body: '{"scope":["a"]}', status: 400 },
    { description: 'an object as client_id', type: 'application/json', body: '{"client_id":{"$ne":""}}', status: 400 },
    {
      description: 'a parameter twice',
      type: 'application/x-www-form-urlencoded',
      body: 'scope=a&scope=b',
      status: 400,
    },
    { description: 'a bracketed scope', type: 'application/x-www-form-urlencoded', body: 'scope[0]=a', status: 400 },
    {
      description: 'a bracketed client_id',
      type: 'application/x-www-form-urlencoded',
      body: 'client_id[$ne]=a',
      status: 400,
    },
    {
      description: '65 537 bytes',
      type: 'application/x-www-form-urlencoded',
      body: `scope=${'a'.repeat(65_531)}`,
      status: 413,
    },
  ]
  for (const { description, type, body, status } of bodies) {
    it(`refuses ${description}`, async () => {
      const { app } = await startServer()
      const response = await request(app).post('/oauth/token').set('content-type', type).send(body)
      expectRefusal(response, status, status === 401 ? 'invalid_client' : 'invalid_request')
    })
  }

  for (const method of ['get', 'put', 'delete', 'patch', 'options'] as const) {
    it(`answers ${method} with 405`, async () => {
      const { app } = await startServer()
      const response = await request(app)[method]('/oauth/token')
      expectRefusal(response, 405, 'invalid_request')
      expect(response.headers['allow']).to.equal('POST')
    })
  }

  it('gives every reason for invalid_target one body', async () => {
    const targets = refusals.filter(({ error }) => error === 'invalid_target')
    const bodies = new Set<string>()
    for (const row of targets) {
      const { app } = await prepare(row)
      bodies.add((await postToken(app, { ...GOOD, ...row.parameters })).text)
    }
    expect([...bodies]).to.have.length(1)
  })

  it('answers 503 while the store is down, and 200 when it is back', async () => {
    const test = await prepare({ description: '' })
    test.store.down = true
    const response = await postToken(test.app, GOOD)
    expectRefusal(response, 503, 'temporarily_unavailable')
    expect(Number(response.headers['retry-after'])).to.be.greaterThan(0)
    test.store.down = false
    await postToken(test.app, GOOD).expect(200)
  })

  for (const path of ['/', '/auth']) {
    it(`is served where the router is mounted at ${path}`, async () => {
      const test = await prepare({ description: '' })
      const app = mount(path, test.server.router)
      await request(app)
        .post(`${path === '/' ? '' : path}/oauth/token`)
        .type('form')
        .send(GOOD)
        .expect(200)
    })
  }

  it('leaves other paths to the routes behind it', async () => {
    const test = await startServer()
    const app = mount('/', test.server.router, (req, res) => res.end(`host ${req.url}`))
    for (const path of ['/', '/users?x=1', '/oauth', '/oauth/token/x', '/t/acme/oauth/token']) {
      await request(app).get(path).expect(200, `host ${path}`)
    }
  })

  const closed: { description: string; client: Partial<ClientRecord>; status: number }[] = [
    { description: 'no api_grants', client: {}, status: 400 },
    { description: 'empty api_grants', client: { api_grants: [] }, status: 400 },
    {
      description: 'an entry for another API',
      client: { api_grants: [{ audience: 'urn:x:y', scope: [] }] },
      status: 400,
    },
    { description: 'an entry', client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] }, status: 200 },
  ]
  for (const { description, client, status } of closed) {
    it(`answers ${status} to a client with ${description} where apiGrants are required`, async () => {
      const test = await startServer({ apiGrants: 'required' })
      await addApi(test)
      await addClient(test, client)
      const { body } = await postToken(test.app, GOOD).expect(status)
      if (status === 400) expect(body.error).to.equal('invalid_target')
      else expect(body.scope).to.equal('read:users')
    })
  }

  const lengths = [
    { permissions: 10, isTold: false },
    { permissions: 1000, isTold: true },
  ]
  for (const { permissions, isTold } of lengths) {
    it(`${isTold ? 'tells' : 'does not tell'} of the length of a token with ${permissions} scopes`, async () => {
      const api = { permissions: Array.from({ length: permissions }, (_, i) => ({ value: `read:users:${i}` })) }
      const test = await prepare({ description: '', api })
      const { body } = await postToken(test.app, GOOD).expect(200)
      const { length } = body.access_token
      expect(length > 8_192).to.equal(isTold)
      const told = test.events.filter(event => (event as { type: string }).type === 'token.large')
      const event = { type: 'token.large', account: 'default', clientId: CLIENT_ID, audience: AUDIENCE, length }
      expect(told).to.deep.equal(isTold ? [event] : [])
    })
  }

  it('tells events what happened and no secret', async () => {
    const test = await prepare({ description: '' })
    const { body } = await postToken(test.app, GOOD)
    await postToken(test.app, { ...GOOD, client_secret: 'a-wrong-one' })
    const text = JSON.stringify(test.events)
    expect(text).to.include('token.issued').and.include('token.refused')
    for (const secret of [SECRET, 'a-wrong-one', body.access_token]) expect(text).not.to.include(secret)
  })

  it('reads one client once for many requests at once, and again after a change', async () => {
    const test = await prepare({ description: '' })
    await postToken(test.app, GOOD).expect(200)
    await test.server.context.secretUses.settled()
    test.server.context.registry.clientChanged('default', CLIENT_ID)
    const before = test.store.calls.get('clients.get') ?? 0
    await Promise.all(Array.from({ length: 20 }, () => postToken(test.app, GOOD).expect(200)))
    expect(test.store.calls.get('clients.get')).to.equal(before + 1)
    test.server.context.registry.clientChanged('default', CLIENT_ID)
    await postToken(test.app, GOOD).expect(200)
    expect(test.store.calls.get('clients.get')).to.equal(before + 2)
  })

  it('asks the store again for what another process may have changed', async () => {
    const test = await prepare({ description: '' })
    await postToken(test.app, GOOD).expect(200)
    const { clients } = test.server.context.records
    await clients.remove('default', CLIENT_ID)
    test.clock.time += 30_000
    await postToken(test.app, GOOD).expect(401)
  })

  it('answers nothing more where a middleware has answered before a refusal', async () => {
    const test = await prepare({ description: '' })
    const passed = new Promise<unknown>(resolve => {
      const app = mount('/', (req, res) => {
        res.statusCode = 503
        res.end()
        test.server.router(req, res, resolve)
      })
      request(app).get('/oauth/token').expect(503).then(null, resolve)
    })
    expect(await passed)
      .to.be.an('error')
      .with.property('status', 405)
  })
})
