import { expect } from 'chai'
import { accountsByPath } from '../../lib/authorization-server/index.js'
import { MANAGEMENT_AUDIENCE } from '../../lib/authorization-server/context/context.js'
import { createFamily, readRefreshToken, successorOf } from '../../lib/authorization-server/grants/refresh-tokens.js'
import { createId } from '../../lib/store/ids.js'
import type { ClientRecord } from '../../lib/store/records.js'
import type { GrantRecord } from '../../lib/store/user-records.js'
import request from 'supertest'
import { describeStores } from '../support/stores.js'
import { alterToken } from '../vectors/refresh-refusals.js'
import {
  addFamily,
  AUDIENCE,
  ISSUER,
  ORIGIN,
  SECRET,
  START,
  USER,
  type UserServer,
  userServer,
} from '../support/user-tokens.js'

const PATH = '/oauth/introspect'
const INACTIVE = '{"active":false}'
const IAT = START / 1000

describeStores('introspection', engine => {
  let test: UserServer
  let api: { id: string }
  beforeEach(async () => {
    test = await userServer(engine)
    api = await test.addApi()
    await test.addClient()
  })
  afterEach(() => test.server.close())

  const ask = (token: string, id?: string) => test.post(PATH, { token }, id).expect(200)
  const userToken = async (fields?: Partial<GrantRecord>, claims?: object) =>
    test.sign(await test.addGrant({ api_id: api.id, ...fields }), claims)

  it('says of an access token what it says itself, and nothing more', async () => {
    const { body, headers } = await ask(await userToken())
    const { jti, ...rest } = body
    expect(jti).to.match(/^gra_[0-9a-z]{26}\.[A-Za-z0-9_-]{22}$/)
    expect(rest).to.deep.equal({
      ...{ active: true, scope: 'read:users openid offline_access', client_id: 'cli_app', sub: USER },
      ...{ aud: AUDIENCE, iss: ISSUER, iat: IAT, exp: IAT + 600, token_type: 'Bearer' },
    })
    expect(headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' })
    expect(headers).not.to.have.property('access-control-allow-origin')
  })

  it('says permissions where the token has them, and serves the token that a client got for itself', async () => {
    const token = await test.post('/oauth/token', { grant_type: 'client_credentials', audience: AUDIENCE }).expect(200)
    const { body } = await ask(token.body.access_token)
    expect(body).to.include({ active: true, sub: 'cli_app', client_id: 'cli_app', scope: 'read:users write:users' })
    expect(body).not.to.have.property('permissions')
    const other = await ask(await test.sign(undefined, { permissions: ['read:users'] }))
    expect(other.body.permissions).to.deep.equal(['read:users'])
  })

  it('says of a refresh token what its family is, without jti and token_type', async () => {
    const { token } = await addFamily(test, { api_id: api.id })
    const { body } = await ask(token)
    expect(body).to.deep.equal({
      ...{ active: true, scope: 'read:users openid offline_access', client_id: 'cli_app', sub: USER },
      ...{ aud: AUDIENCE, iss: ISSUER, iat: IAT, exp: IAT + 3600 },
    })
  })

  for (const hint of ['access_token', 'refresh_token', 'saml', '']) {
    it(`takes the hint ${hint || '(empty)'} for no more than a hint`, async () => {
      const { token } = await addFamily(test, { api_id: api.id })
      for (const value of [token, await userToken()]) {
        const { body } = await test.post(PATH, { token: value, token_type_hint: hint }).expect(200)
        expect(body.active).to.equal(true)
      }
    })
  }

  const askers: { description: string; client: Partial<ClientRecord>; aud?: string; active: boolean }[] = [
    { description: 'one without api_grants', client: {}, active: false },
    { description: 'one with empty api_grants', client: { api_grants: [] }, active: false },
    {
      description: 'one whose api_grants name another audience',
      client: { api_grants: [{ audience: `${AUDIENCE}/`, scope: ['read:users'] }] },
      active: false,
    },
    {
      description: 'one whose api_grants name the audience',
      client: { api_grants: [{ audience: AUDIENCE, scope: [] }] },
      active: true,
    },
    {
      description: 'a management client',
      client: { api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: ['read:apis'] }] },
      active: true,
    },
    {
      description: 'one that holds nothing of the management API',
      client: { api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: [] }] },
      active: false,
    },
  ]
  for (const { description, client, active } of askers) {
    it(`an access token of another client is ${active ? 'active' : 'inactive'} for ${description}; a refresh token never`, async () => {
      await test.addClient({ id: 'cli_other', ...client })
      const answer = await ask(await userToken(), 'cli_other')
      expect(answer.body.active).to.equal(active)
      if (!active) expect(answer.text).to.equal(INACTIVE)
      const { token } = await addFamily(test, { api_id: api.id })
      expect((await ask(token, 'cli_other')).text).to.equal(INACTIVE)
    })
  }

  const dead: { description: string; token: () => Promise<string> }[] = [
    { description: 'text that is no token', token: async () => 'x' },
    { description: 'a token of 20 000 characters', token: async () => 'a.'.repeat(10_000) },
    { description: 'one that has expired', token: () => userToken({}, { exp: IAT }) },
    {
      description: 'one with another signature',
      token: async () => (await userToken()).replace(/\.[^.]+$/, `.${'A'.repeat(342)}`),
    },
    { description: 'one of another issuer', token: () => userToken({}, { iss: 'https://other.example' }) },
    { description: 'one of another account', token: () => userToken({}, { account: 'other' }) },
    { description: 'an ID token', token: () => userToken({}, { aud: 'cli_app', azp: 'cli_app', nonce: 'n' }) },
    {
      description: 'an ID token in the clothes of an access token',
      token: async () => test.sign(await test.addGrant({ api_id: api.id }), { at_hash: 'x' }, { typ: 'JWT' }),
    },
    { description: 'one with a list of audiences', token: () => userToken({}, { aud: [AUDIENCE] }) },
    { description: 'one of a grant that nobody made', token: () => userToken({}, { jti: 'gra_0.x' }) },
    { description: 'one with an empty grant', token: () => userToken({}, { jti: '.x' }) },
    {
      description: "one of another client's grant",
      token: () => userToken({ client_id: 'cli_x' }, { client_id: 'cli_app' }),
    },
    { description: "one of another user's grant", token: () => userToken({}, { sub: 'grace' }) },
    { description: "one of another audience's grant", token: () => userToken({}, { aud: 'urn:x:y' }) },
    { description: 'one of a grant of an earlier API', token: () => userToken({ api_id: 'api_0' }) },
    { description: 'one of a grant that has ended by itself', token: () => userToken({ expires_at: new Date(START) }) },
    { description: 'one of an API that is gone', token: () => test.sign(undefined, { aud: 'urn:x:y' }) },
    { description: 'one of a client that is gone', token: () => test.sign(undefined, { client_id: 'cli_gone' }) },
    {
      description: 'a refresh token of no family',
      token: async () => createFamily(createId('gra_', START)).token,
    },
    {
      description: 'a refresh token made up for a family',
      token: async () => {
        const { token } = await addFamily(test, { api_id: api.id })
        return alterToken(token, 40)
      },
    },
    {
      description: 'a refresh token that will come',
      token: async () => {
        const { token, grant } = await addFamily(test, { api_id: api.id })
        const presented = readRefreshToken(token)
        return presented === undefined ? '' : successorOf(presented, grant.family_secret ?? '')
      },
    },
    {
      description: 'a refresh token that was rotated',
      token: async () => {
        const { token, grant } = await addFamily(test, { api_id: api.id })
        const rotated = { token_hash: 'other', previous_hash: grant.token_hash ?? '', rotated_at: new Date(START) }
        await test.server.context.records.grants.replace({ ...grant, ...rotated }, grant.revision)
        return token
      },
    },
    {
      description: 'a refresh token of a family that has ended',
      token: async () => (await addFamily(test, { api_id: api.id, expires_at: new Date(START) })).token,
    },
    {
      description: 'a refresh token for an earlier API',
      token: async () => (await addFamily(test, { api_id: 'api_0' })).token,
    },
    {
      description: 'a refresh token for an API without offline access',
      token: async () => {
        const other = await test.addApi({ identifier: 'urn:x:y', allow_offline_access: false })
        return (await addFamily(test, { audience: 'urn:x:y', api_id: other.id })).token
      },
    },
  ]
  for (const { description, token } of dead) {
    it(`${description} is inactive, and looks like every other`, async () => {
      const answer = await ask(await token())
      expect(answer.text).to.equal(INACTIVE)
      expect(answer.headers['content-type']).to.equal('application/json; charset=utf-8')
    })
  }

  it('a token is active to its last second', async () => {
    const token = await userToken()
    test.clock.time += 599_000
    expect((await ask(token)).body.active).to.equal(true)
    test.clock.time += 1_000
    expect((await ask(token)).text).to.equal(INACTIVE)
  })

  const refusals: { description: string; send: () => request.Test; status: number; error: string }[] = [
    { description: 'GET', send: () => request(test.app).get(PATH), status: 405, error: 'invalid_request' },
    { description: 'no token', send: () => test.post(PATH, {}), status: 400, error: 'invalid_request' },
    {
      description: 'an empty token',
      send: () => test.post(PATH, { token: '' }),
      status: 400,
      error: 'invalid_request',
    },
    {
      description: 'a token that is repeated',
      send: () => request(test.app).post(PATH).auth('cli_app', SECRET).type('form').send('token=a&token=b'),
      status: 400,
      error: 'invalid_request',
    },
    {
      description: 'token[0]',
      send: () => request(test.app).post(PATH).auth('cli_app', SECRET).type('form').send('token[0]=a&token=b'),
      status: 400,
      error: 'invalid_request',
    },
    {
      description: 'a token that is no text',
      send: () => request(test.app).post(PATH).auth('cli_app', SECRET).send({ token: 7 }),
      status: 400,
      error: 'invalid_request',
    },
    {
      description: 'no client',
      send: () => request(test.app).post(PATH).type('form').send({ token: 'x' }),
      status: 401,
      error: 'invalid_client',
    },
    {
      description: 'a bearer token for the client',
      send: () => request(test.app).post(PATH).set('authorization', 'Bearer x').type('form').send({ token: 'x' }),
      status: 401,
      error: 'invalid_client',
    },
    {
      description: 'a wrong secret, before a missing token',
      send: () => request(test.app).post(PATH).auth('cli_app', 'wrong').type('form').send({}),
      status: 401,
      error: 'invalid_client',
    },
    {
      description: 'a public client',
      send: () => request(test.app).post(PATH).type('form').send({ client_id: 'cli_spa', token: 'x' }),
      status: 401,
      error: 'invalid_client',
    },
  ]
  for (const { description, send, status, error } of refusals) {
    it(`refuses ${description} with ${status} ${error}`, async () => {
      await test.addClient({ id: 'cli_spa', token_endpoint_auth_method: 'none', secrets: [] })
      const { body, headers } = await send().expect(status)
      expect(body).to.have.all.keys('error', 'error_description')
      expect(body.error).to.equal(error)
      expect(headers['cache-control']).to.equal('no-store')
      expect(test.events.at(-1)).to.include({ type: 'request.refused', endpoint: 'introspection', account: 'default' })
    })
  }

  it('takes JSON too, and credentials in the body', async () => {
    const body = { token: await userToken(), client_id: 'cli_app', client_secret: SECRET }
    const answer = await request(test.app).post(PATH).send(body).expect(200)
    expect(answer.body.active).to.equal(true)
  })

  it('is not for scripts of other origins', async () => {
    const preflight = { origin: ORIGIN, 'access-control-request-method': 'POST' }
    const { headers } = await request(test.app).options(PATH).set(preflight).expect(405)
    expect(headers).not.to.have.property('access-control-allow-origin')
  })

  it('says nothing of the tokens of another account', async () => {
    const accounts = accountsByPath(ISSUER, ['acme', 'globex'])
    const two = await userServer(engine, { accounts })
    for (const account of ['acme', 'globex']) {
      await two.addClient({ account })
      const own = await two.addApi({ account })
      await two.addGrant({ account, api_id: own.id, id: `gra_${account}` })
    }
    const grant = (await two.server.context.records.grants.get('globex', 'gra_globex')) as GrantRecord
    const iss = `${ISSUER}/t/globex`
    const token = await two.sign(grant, { iss }, { account: 'globex' })
    const at = async (name: string) => (await two.post(`/t/${name}/oauth/introspect`, { token })).body
    expect(await at('globex')).to.include({ active: true, iss })
    expect(await at('acme')).to.deep.equal({ active: false })
    const { token: refresh } = await addFamily(two, { account: 'globex', api_id: grant.api_id ?? '' })
    const other = await two.post('/t/acme/oauth/introspect', { token: refresh })
    expect(other.text).to.equal(INACTIVE)
    await two.server.close()
  })
})
