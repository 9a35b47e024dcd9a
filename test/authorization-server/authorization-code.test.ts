import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import request from 'supertest'
import { createSecret } from '../../lib/authorization-server/clients/client-secrets.js'
import { accountsByPath } from '../../lib/authorization-server/index.js'
import type { ApiRecord, ClientRecord } from '../../lib/store/records.js'
import { describeStores, storeEngines } from '../support/stores.js'
import { AUDIENCE, basic, CLIENT_ID, decode, ISSUER, type Parameters, postToken, SECRET } from './fixtures.js'
import { challengeOf, exchangeOf, LASTING, startFlow, USER, type UserFlow } from './user-fixtures.js'
import { CODE_REFUSALS, noChallenge, verifier } from '../vectors/code-refusals.js'

const ROUNDS = 100

describeStores('authorization_code', engine => {
  let flow: UserFlow
  before(async () => {
    flow = await startFlow(engine)
    const { clients } = flow.server.context.records
    const { account, ...client } = flow.client
    await clients.insert({ ...client, account, id: 'cli_other' })
  })
  after(() => flow.close())
  beforeEach(() => flow.reset())

  it('gives what was granted: tokens for the API, the ID token, a refresh token', async () => {
    await flow.removeGrants()
    const { body, headers } = await flow.exchange(await flow.authorize()).expect(200)
    expect(body).to.have.all.keys(...['access_token', 'token_type', 'expires_in', 'scope', 'refresh_token', 'id_token'])
    expect(body).to.include({ token_type: 'Bearer', expires_in: 3600 })
    expect(body.scope).to.equal('read:users write:users openid offline_access')
    expect(headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' })
    const [grant] = await flow.grants()
    const { claims, header } = decode(body.access_token)
    const iat = Math.floor(flow.clock.time / 1000)
    expect(header['typ']).to.equal('at+jwt')
    expect(claims).to.deep.equal({
      ...{ iss: ISSUER, sub: USER, aud: AUDIENCE, client_id: CLIENT_ID, account: 'default' },
      ...{ scope: body.scope, iat, exp: iat + 3600, jti: claims['jti'] },
    })
    expect(claims['jti']).to.match(new RegExp(`^${grant?.id}\\.[A-Za-z0-9_-]{22}$`))
    expect(grant?.expires_at.getTime()).to.equal(flow.clock.time + 2_592_000_000)
    const issued = flow.events.find(({ type }) => type === 'token.issued')
    expect(issued).to.deep.include({ clientId: CLIENT_ID, audience: AUDIENCE, scope: body.scope, jti: claims['jti'] })
  })

  for (const row of CODE_REFUSALS) {
    const { description, about, changes, status = 400, error = 'invalid_grant', detail, code: fate } = row
    it(`refuses ${description}: ${error}; the code is ${fate}`, async () => {
      const code = await flow.authorize(about)
      if (row.api !== undefined) await flow.changeApi(row.api)
      if (row.client !== undefined) await flow.changeClient(row.client)
      Object.assign(flow.host, { permissions: row.permissions, fault: row.fault ?? false })
      flow.clock.time += row.later ?? 0
      const { body, headers } = await flow.exchange(code, changes).expect(status)
      expect(body).to.have.all.keys('error', 'error_description')
      expect(body.error).to.equal(error)
      expect(headers['cache-control']).to.equal('no-store')
      if (detail !== undefined) expect(flow.events.at(-1)).to.include({ type: 'token.refused', detail })
      expect(flow.count('code.reused')).to.equal(0)
      expect(flow.count('grant.revoked')).to.equal(fate === 'burnt' ? 1 : 0)
      await flow.reset()
      const second = await flow.exchange(code, about === noChallenge ? verifier('') : {})
      const isGood = fate === 'alone' && row.again === undefined
      expect(second.body).to.have.property(isGood ? 'access_token' : 'error')
    })
  }

  const verifiers = ['v'.repeat(43), 'aZ09-._~'.repeat(16), randomBytes(32).toString('base64url')]
  for (const text of verifiers) {
    it(`takes a verifier of ${text.length} unreserved characters, and a code just before its end`, async () => {
      const code = await flow.authorize({ request: { code_challenge: challengeOf(text) } })
      flow.clock.time += 59_999
      await flow.exchange(code, verifier(text)).expect(200)
    })
  }

  it('takes no verifier where no challenge was', async () => {
    await flow.exchange(await flow.authorize(noChallenge), verifier('')).expect(200)
  })

  for (const changes of [{}, { redirect_uri: '' }]) {
    it(`takes ${'redirect_uri' in changes ? 'no' : 'the same'} redirect URI where the request had none`, async () => {
      await flow.exchange(await flow.authorize({ request: { redirect_uri_given: false } }), changes).expect(200)
    })
  }

  it('wants a confidential client to authenticate, by Basic or in the body', async () => {
    const secrets = [createSecret(SECRET, flow.clock.time)]
    await flow.changeClient({ token_endpoint_auth_method: 'client_secret_basic', secrets })
    const code = await flow.authorize()
    await flow.exchange(code).expect(401)
    await flow.exchange(code, { client_secret: 'wrong' }).expect(401)
    await flow.exchange(code, { client_secret: SECRET }).expect(200)
    const other = exchangeOf(await flow.authorize(), { client_id: '' })
    await postToken(flow.app, other).set('authorization', basic(CLIENT_ID, SECRET)).expect(200)
  })

  it('ignores the parameters of other grants, unless they are repeated', async () => {
    const code = await flow.authorize()
    const form = new URLSearchParams(exchangeOf(code)).toString()
    const twice = await postToken(flow.app, `${form}&refresh_token=a&refresh_token=b` as never).expect(400)
    expect(twice.body.error).to.equal('invalid_request')
    await flow.exchange(code, { refresh_token: 'x', state: 'y', username: 'z' }).expect(200)
  })

  it('ends the grant where a used code comes with everything right, once', async () => {
    const code = await flow.authorize()
    const { body } = await flow.exchange(code).expect(200)
    for (const events of [1, 1]) {
      const again = await flow.exchange(code).expect(400)
      expect(again.body.error).to.equal('invalid_grant')
      expect(flow.events.at(-1)).to.include({ type: 'token.refused', detail: 'used_code' })
      expect([flow.count('code.reused'), flow.count('grant.revoked')]).to.deep.equal([events, events])
    }
    const refused = await flow.refresh(body.refresh_token).expect(400)
    expect(refused.body.error).to.equal('invalid_grant')
  })

  it('is refused once its grant was ended', async () => {
    const code = await flow.authorize()
    await flow.removeGrants()
    const { body } = await flow.exchange(code).expect(400)
    expect(body.error).to.equal('invalid_grant')
    expect(flow.events.at(-1)).to.include({ type: 'token.refused', detail: 'grant_ended' })
  })

  it('ends the grant of a used code until ten minutes are over', async () => {
    const code = await flow.authorize()
    await flow.exchange(code).expect(200)
    flow.clock.time += 599_999
    await flow.exchange(code).expect(400)
    expect(flow.count('code.reused')).to.equal(1)
  })

  const harmless: Parameters[] = [
    { client_id: 'cli_other' },
    { redirect_uri: 'https://evil.example' },
    verifier('w'.repeat(43)),
    verifier(''),
  ]
  for (const changes of harmless) {
    it(`leaves the grant where a used code comes with ${JSON.stringify(changes)}`, async () => {
      const code = await flow.authorize()
      const { body } = await flow.exchange(code).expect(200)
      await flow.exchange(code, changes).expect(400)
      expect(flow.count('code.reused')).to.equal(0)
      await flow.refresh(body.refresh_token).expect(200)
    })
  }

  const narrowed: { description: string; scope: string; gives: string; idToken: boolean; api?: Partial<ApiRecord> }[] =
    [
      { description: 'one of two', scope: 'write:users', gives: 'write:users', idToken: false },
      {
        description: 'in the order asked, repeats dropped, OpenID Connect last',
        scope: 'openid write:users read:users write:users',
        gives: 'write:users read:users openid',
        idToken: true,
      },
      { description: 'openid alone', scope: 'openid', gives: 'openid', idToken: true },
      {
        description: 'without what has left the catalogue',
        scope: 'write:users read:users',
        gives: 'read:users',
        idToken: false,
        api: { permissions: [{ value: 'read:users' }] },
      },
    ]
  for (const { description, scope, gives, idToken, api } of narrowed) {
    it(`narrows this token alone: ${description}`, async () => {
      const code = await flow.authorize()
      if (api !== undefined) await flow.changeApi(api)
      const { body } = await flow.exchange(code, { scope, audience: AUDIENCE, resource: AUDIENCE }).expect(200)
      expect(body.scope).to.equal(gives)
      expect(decode(body.access_token).claims['scope']).to.equal(gives)
      expect('id_token' in body).to.equal(idToken)
      await flow.changeApi({ permissions: flow.api.permissions })
      const refreshed = await flow.refresh(body.refresh_token).expect(200)
      expect(refreshed.body.scope).to.equal(LASTING.join(' '))
    })
  }

  const policies: {
    description: string
    api?: Partial<ApiRecord>
    client?: Partial<ClientRecord>
    permissions?: string[]
    scope?: string[]
    gives: string
    claim?: string[]
  }[] = [
    {
      description: 'a smaller catalogue',
      api: { permissions: [{ value: 'write:users' }] },
      gives: 'write:users openid offline_access',
    },
    {
      description: 'a ceiling',
      client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
      gives: 'read:users openid offline_access',
    },
    { description: 'the user', permissions: ['write:users', 'other'], gives: 'write:users openid offline_access' },
    {
      description: 'no policy, the ceiling and the user',
      scope: ['a', 'read:users', 'b', 'c'],
      api: { enforce_policies: false, token_dialect: 'access_token_authz' },
      client: { api_grants: [{ audience: AUDIENCE, scope: ['a', 'b', 'read:users'] }] },
      permissions: ['c', 'read:users', 'a'],
      gives: 'a read:users',
      claim: ['read:users'],
    },
    {
      description: 'nothing of the API, where nothing of it was granted',
      scope: ['openid'],
      permissions: [],
      api: { token_dialect: 'access_token_authz' },
      gives: 'openid',
      claim: [],
    },
    { description: 'nothing at all, where nothing was granted', scope: [], gives: '' },
  ]
  for (const { description, api, client, permissions, scope, gives, claim } of policies) {
    it(`is bounded anew: ${description}`, async () => {
      const code = await flow.authorize(scope && { scope })
      if (api !== undefined) await flow.changeApi(api)
      if (client !== undefined) await flow.changeClient(client)
      flow.host.permissions = permissions
      const { body } = await flow.exchange(code).expect(200)
      expect(body.scope).to.equal(gives)
      expect(decode(body.access_token).claims['permissions']).to.deep.equal(claim)
    })
  }

  const shortLived: {
    description: string
    scope?: string[]
    api?: Partial<ApiRecord>
    client?: Partial<ClientRecord>
  }[] = [
    { description: 'no offline_access', scope: ['read:users'] },
    { description: 'an API that allows none any more', api: { allow_offline_access: false } },
    { description: 'a client without the grant type', client: { grant_types: ['authorization_code'] } },
  ]
  for (const { description, scope, api, client } of shortLived) {
    it(`gives no refresh token with ${description}, and the grant lives as long as the access token`, async () => {
      await flow.removeGrants()
      const code = await flow.authorize(scope && { scope })
      await flow.changeApi({ token_lifetime: 600, ...api })
      if (client !== undefined) await flow.changeClient(client)
      const { body } = await flow.exchange(code).expect(200)
      expect(body).not.to.have.property('refresh_token')
      expect(body.scope.split(' ')).not.to.include('offline_access')
      const [grant] = await flow.grants()
      expect(grant?.expires_at.getTime()).to.equal(flow.clock.time + 600_000)
      expect(grant).not.to.have.property('family_secret')
    })
  }

  it('is for /userinfo and an hour where there is no API', async () => {
    const audience = `${ISSUER}/userinfo`
    const about = { scope: ['openid', 'email'], request: { audience }, without: ['api_id'] as const }
    const { body } = await flow.exchange(await flow.authorize(about), { audience }).expect(200)
    expect(body).to.include({ scope: 'openid email', expires_in: 3600 })
    const { claims } = decode(body.access_token)
    expect(claims).to.include({ aud: audience, scope: 'openid email', sub: USER })
    expect(claims).not.to.have.property('permissions')
    expect(flow.host.asked.map(({ of }) => of)).to.deep.equal(['claims'])
  })

  it('asks the host about what policy and ceiling leave, once, and of the whole grant', async () => {
    const code = await flow.authorize()
    await flow.changeApi({ permissions: [{ value: 'read:users' }] })
    await flow.exchange(code, { scope: 'openid' }).expect(200)
    const asked = flow.host.asked.toSorted((one, other) => one.of.localeCompare(other.of))
    expect(asked).to.deep.equal([
      { of: 'claims', user: USER, scopes: ['openid'] },
      { of: 'permissions', user: USER, scopes: ['read:users'] },
    ])
  })

  it(`lets one of ten at once win, ${ROUNDS} times, whose answer is 200 although the others end its grant`, async () => {
    await flow.removeGrants()
    for (let round = 0; round < ROUNDS; round++) {
      const code = await flow.authorize({ scope: ['read:users', 'offline_access'] })
      const answers = await Promise.all(Array.from({ length: 10 }, () => flow.exchange(code)))
      const good = answers.filter(({ status }) => status === 200)
      expect(good).to.have.length(1)
      for (const { status, body } of answers) if (status !== 200) expect(body.error).to.equal('invalid_grant')
      expect(good[0]?.body).to.include.keys('access_token', 'refresh_token')
    }
    expect(await flow.grants()).to.deep.equal([])
    expect(flow.count('code.reused')).to.equal(ROUNDS)
  })

  it('lets a burn and an exchange at once be one of the two', async () => {
    for (let round = 0; round < 20; round++) {
      const code = await flow.authorize({ scope: ['read:users', 'offline_access'] })
      const [good, burnt] = await Promise.all([flow.exchange(code), flow.exchange(code, verifier('w'.repeat(43)))])
      expect(burnt.body.error).to.equal('invalid_grant')
      if (good.status !== 200) expect(good.body.error).to.equal('invalid_grant')
      else await flow.refresh(good.body.refresh_token).expect(200)
    }
  })
})

describe('authorization_code and refresh_token', () => {
  const [embedded] = storeEngines

  it('are known where there are no users, and every code and refresh token is unknown', async () => {
    if (embedded === undefined) throw new Error('no engine')
    const flow = await startFlow(embedded, { options: { users: undefined as never } })
    const code = await flow.authorize()
    for (const answer of [await flow.exchange(code), await flow.refresh('x')]) {
      expect([answer.status, answer.body.error]).to.deep.equal([400, 'invalid_grant'])
    }
    await flow.close()
  })

  it('give nothing for an API without an entry of api_grants where those are required', async () => {
    if (embedded === undefined) throw new Error('no engine')
    const flow = await startFlow(embedded, { options: { apiGrants: 'required' } })
    const { body } = await flow.exchange(await flow.authorize()).expect(400)
    expect(body.error).to.equal('invalid_grant')
    await flow.close()
  })

  it('are bound to the account: the code of one is unknown to another', async () => {
    if (embedded === undefined) throw new Error('no engine')
    const accounts = accountsByPath(ISSUER, ['default', 'other'])
    const flow = await startFlow(embedded, { options: { accounts, issuer: undefined as never } })
    const { records } = flow.server.context
    await records.clients.insert({ ...flow.client, account: 'other' })
    await records.apis.insert({ ...flow.api, account: 'other' })
    const code = await flow.authorize()
    const post = (account: string) => request(flow.app).post(`/t/${account}/oauth/token`).type('form')
    const refused = await post('other')
      .send(exchangeOf(code, verifier('w'.repeat(43))))
      .expect(400)
    expect(refused.body.error).to.equal('invalid_grant')
    const { body } = await post('default').send(exchangeOf(code)).expect(200)
    const changes = { grant_type: 'refresh_token', client_id: CLIENT_ID, refresh_token: body.refresh_token }
    await post('other').send(changes).expect(400)
    await post('default').send(changes).expect(200)
    await flow.close()
  })
})
