import { expect } from 'chai'
import request from 'supertest'
import { MANAGEMENT_AUDIENCE } from '../../lib/authorization-server/context/context.js'
import { accountsByPath } from '../../lib/authorization-server/index.js'
import { readRefreshToken, successorOf } from '../../lib/authorization-server/grants/refresh-tokens.js'
import { oneWay } from '../../lib/authorization-server/context/one-way.js'
import { describeStores } from '../support/stores.js'
import { addFamily, ISSUER, SECRET, START, type UserServer, userServer } from '../support/user-tokens.js'

const PATH = '/oauth/revoke'

describeStores('revocation', engine => {
  let test: UserServer
  let api: { id: string }
  beforeEach(async () => {
    test = await userServer(engine)
    api = await test.addApi()
    await test.addClient()
  })
  afterEach(() => test.server.close())

  const grantsLeft = async (of = test) =>
    (await of.server.context.records.grants.find('default', { limit: 10 })).records
  const userToken = async (of = test) => of.sign(await of.addGrant({ api_id: api.id }))

  it('ends the family of its current token, once, and answers with nothing', async () => {
    const { token, grant } = await addFamily(test, { api_id: api.id })
    const answer = await test.post(PATH, { token }).expect(200)
    expect(answer.text).to.equal('')
    expect(answer.headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' })
    expect(await grantsLeft()).to.deep.equal([])
    await test.post(PATH, { token }).expect(200)
    const ended = test.events.filter(({ type }) => type === 'grant.revoked')
    expect(ended).to.deep.equal([
      {
        ...{ type: 'grant.revoked', account: 'default', clientId: 'cli_app', grantId: grant.id, user: grant.user },
        ...{ audience: grant.audience, address: '127.0.0.1' },
      },
    ])
  })

  it('ends the family of an old token, however long ago it was replaced', async () => {
    const { token, grant } = await addFamily(test, { api_id: api.id })
    let next = token
    for (let turn = 0; turn < 3; turn++) {
      const presented = readRefreshToken(next)
      if (presented === undefined) throw new Error('no token')
      next = successorOf(presented, grant.family_secret ?? '')
    }
    const rotated = { token_hash: oneWay(next), previous_hash: 'x', rotated_at: new Date(START) }
    await test.server.context.records.grants.replace({ ...grant, ...rotated }, grant.revision)
    await test.post(PATH, { token }).expect(200)
    expect(await grantsLeft()).to.deep.equal([])
  })

  it('a public client ends its own by its client_id; the hint does not matter, and JSON will do', async () => {
    await test.addClient({ id: 'cli_spa', token_endpoint_auth_method: 'none', secrets: [] })
    for (const type of ['form', 'json']) {
      const { token } = await addFamily(test, { client_id: 'cli_spa' })
      const body = { client_id: 'cli_spa', token, token_type_hint: 'access_token' }
      await request(test.app).post(PATH).type(type).send(body).expect(200)
      expect(await grantsLeft()).to.deep.equal([])
    }
  })

  const untouched: { description: string; token: (good: string) => string; id?: string }[] = [
    { description: 'of another client', token: good => good, id: 'cli_other' },
    { description: 'cut by a character', token: good => good.slice(1) },
    { description: 'with a character more', token: good => `${good}A` },
    { description: 'padded', token: good => `${good}==` },
    {
      description: 'made up by somebody who has seen one',
      token: good =>
        Buffer.concat([Buffer.from(good, 'base64url').subarray(0, 16), Buffer.alloc(48)]).toString('base64url'),
    },
    { description: 'that is none', token: () => 'x' },
    { description: 'that is very long', token: () => 'x'.repeat(30_000) },
  ]
  for (const { description, token, id } of untouched) {
    it(`a refresh token ${description} is 200, and nothing happens`, async () => {
      await test.addClient({ id: 'cli_other' })
      const family = await addFamily(test, { api_id: api.id })
      const answer = await test.post(PATH, { token: token(family.token) }, id).expect(200)
      expect(answer.text).to.equal('')
      expect(await grantsLeft()).to.deep.equal([family.grant])
      expect(test.events.filter(({ type }) => type === 'grant.revoked')).to.deep.equal([])
    })
  }

  for (const id of ['cli_app', 'cli_other']) {
    it(`a valid access token is unsupported_token_type for ${id}, and stays what it is`, async () => {
      await test.addClient({ id: 'cli_other' })
      for (const token of [await userToken(), await test.sign(undefined)]) {
        const answer = await test.post(PATH, { token }, id).expect(400)
        expect(answer.body).to.have.all.keys('error', 'error_description')
        expect(answer.body.error).to.equal('unsupported_token_type')
        expect(test.events.at(-1)).to.include({ type: 'request.refused', detail: 'access_token_not_revocable' })
        expect((await test.post('/oauth/introspect', { token })).body.active).to.equal(true)
      }
    })
  }

  const noTokens: { description: string; token: () => Promise<string> }[] = [
    { description: 'an access token that has expired', token: () => test.sign(undefined, { exp: START / 1000 }) },
    {
      description: 'an ID token',
      token: () => test.sign(undefined, { azp: 'cli_app', aud: 'cli_app' }, { typ: 'JWT' }),
    },
    { description: 'another issuer’s', token: () => test.sign(undefined, { iss: 'https://other.example' }) },
  ]
  for (const { description, token } of noTokens) {
    it(`${description} is no token of ours to revoke: 200`, async () => {
      await test.post(PATH, { token: await token() }).expect(200)
    })
  }

  describe('of access tokens', () => {
    let revoking: UserServer
    beforeEach(async () => {
      revoking = await userServer(engine, { revocation: { accessTokens: true } })
      api = await revoking.addApi()
      await revoking.addClient()
      await revoking.addClient({ id: 'cli_other' })
    })
    afterEach(() => revoking.server.close())
    const isActive = async (token: string) => (await revoking.post('/oauth/introspect', { token })).body.active

    it('makes the own one inactive, and no other; it is remembered until it ends by itself', async () => {
      const token = await userToken(revoking)
      const other = await userToken(revoking)
      for (let turn = 0; turn < 2; turn++) await revoking.post(PATH, { token }).expect(200)
      expect(await isActive(token)).to.equal(false)
      expect(await isActive(other)).to.equal(true)
      expect(revoking.events.filter(({ type }) => type === 'token.revoked')).to.have.length(1)
      const { records } = await revoking.server.context.records.revokedTokens.find('default', { limit: 10 })
      expect(records.map(({ expires_at }) => expires_at.getTime())).to.deep.equal([START + 600_000])
      revoking.clock.time += 600_000
      expect(await revoking.server.context.records.revokedTokens.get('default', records[0]?.id ?? '')).to.equal(null)
    })

    it('leaves another client’s as it is, without a word', async () => {
      const token = await userToken(revoking)
      await revoking.post(PATH, { token }, 'cli_other').expect(200)
      expect(await isActive(token)).to.equal(true)
    })

    it('is seen at /userinfo', async () => {
      const token = await userToken(revoking)
      await request(revoking.app).get('/userinfo').auth(token, { type: 'bearer' }).expect(200)
      await revoking.post(PATH, { token }).expect(200)
      const { headers } = await request(revoking.app).get('/userinfo').auth(token, { type: 'bearer' }).expect(401)
      expect(headers['www-authenticate']).to.include('error="invalid_token"')
    })

    it('is seen by the management API', async () => {
      const { server, app } = await userServer(engine, {
        ...{ revocation: { accessTokens: true }, authorizeAdmin: undefined },
        managementClient: { id: 'cli_app', secret: `${SECRET}${SECRET}` },
      })
      const login = { grant_type: 'client_credentials', audience: MANAGEMENT_AUDIENCE }
      const credentials = { client_id: 'cli_app', client_secret: `${SECRET}${SECRET}` }
      const answer = await request(app)
        .post('/oauth/token')
        .type('form')
        .send({ ...login, ...credentials })
        .expect(200)
      const token = answer.body.access_token
      const list = () => request(app).get('/apis').auth(token, { type: 'bearer' })
      await list().expect(200)
      await request(app)
        .post(PATH)
        .type('form')
        .send({ token, ...credentials })
        .expect(200)
      await list().expect(401)
      await server.close()
    })
  })

  const refusals: { description: string; send: () => request.Test; status: number; error: string }[] = [
    { description: 'GET', send: () => request(test.app).get(PATH), status: 405, error: 'invalid_request' },
    {
      description: 'no token',
      send: () => test.post(PATH, { token_type_hint: 'x' }),
      status: 400,
      error: 'invalid_request',
    },
    {
      description: 'a repeated token',
      send: () => request(test.app).post(PATH).auth('cli_app', SECRET).type('form').send('token=a&token=b'),
      status: 400,
      error: 'invalid_request',
    },
    {
      description: 'a repeated hint',
      send: () =>
        request(test.app)
          .post(PATH)
          .auth('cli_app', SECRET)
          .type('form')
          .send('token=a&token_type_hint=b&token_type_hint=b'),
      status: 400,
      error: 'invalid_request',
    },
    {
      description: 'text that is no form',
      send: () => request(test.app).post(PATH).type('text').send('token=a'),
      status: 400,
      error: 'invalid_request',
    },
    {
      description: 'more than 64 KB',
      send: () => test.post(PATH, { token: 'x'.repeat(65_537) }),
      status: 413,
      error: 'invalid_request',
    },
    {
      description: 'no client',
      send: () => request(test.app).post(PATH).type('form').send({ token: 'x' }),
      status: 401,
      error: 'invalid_client',
    },
    {
      description: 'an unknown client',
      send: () => request(test.app).post(PATH).type('form').send({ client_id: 'cli_x', token: 'x' }),
      status: 401,
      error: 'invalid_client',
    },
    {
      description: 'a client whose secret is missing',
      send: () => request(test.app).post(PATH).type('form').send({ client_id: 'cli_app', token: 'x' }),
      status: 401,
      error: 'invalid_client',
    },
    {
      description: 'two credentials',
      send: () => test.post(PATH, { token: 'x', client_secret: SECRET }),
      status: 400,
      error: 'invalid_request',
    },
  ]
  for (const { description, send, status, error } of refusals) {
    it(`refuses ${description} with ${status} ${error}`, async () => {
      const { token, grant } = await addFamily(test)
      const { body, headers } = await send().expect(status)
      expect(body).to.have.all.keys('error', 'error_description')
      expect(body.error).to.equal(error)
      expect(headers['cache-control']).to.equal('no-store')
      expect(await grantsLeft()).to.deep.equal([grant])
      expect(JSON.stringify(test.events)).not.to.include(token)
    })
  }

  it('counts failures together with those of the token endpoint', async () => {
    const limited = await userServer(engine, {
      rateLimits: { clientAuthentication: { address: { limit: 3, window: 60 }, client: false } },
    })
    await limited.addClient()
    const statuses: number[] = []
    for (const path of ['/oauth/token', PATH, '/oauth/introspect', PATH, '/oauth/introspect', '/oauth/token']) {
      const answer = await request(limited.app).post(path).auth('cli_app', 'wrong').type('form').send({ token: 'x' })
      statuses.push(answer.status)
      if (answer.status === 429) expect(answer.headers['retry-after']).to.equal('60')
    }
    expect(statuses).to.deep.equal([401, 401, 401, 429, 429, 429])
    await limited.post(PATH, { token: 'x' }).expect(200)
    await limited.server.close()
  })

  it('ends nothing of another account', async () => {
    const two = await userServer(engine, { accounts: accountsByPath(ISSUER, ['acme', 'globex']) })
    for (const account of ['acme', 'globex']) await two.addClient({ account })
    const { token, grant } = await addFamily(two, { account: 'globex' })
    await two.post('/t/acme/oauth/revoke', { token }).expect(200)
    const { grants } = two.server.context.records
    expect(await grants.get('globex', grant.id)).to.deep.equal(grant)
    await two.post('/t/globex/oauth/revoke', { token }).expect(200)
    expect(await grants.get('globex', grant.id)).to.equal(null)
    await two.server.close()
  })
})
