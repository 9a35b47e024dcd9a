import { expect } from 'chai'
import request from 'supertest'
import { accountsByPath, type UsersOption } from '../../lib/authorization-server/index.js'
import { describeStores } from '../support/stores.js'
import { AUDIENCE, ISSUER, START, USER, type UserServer, userServer } from '../support/user-tokens.js'

const PATH = '/userinfo'
const users: UsersOption = { authenticate: () => undefined, loginUrl: '/login' }

/** What no host may set. */
const RESERVED = {
  ...{ iss: 'https://evil.example', sub: 'root', aud: 'x', exp: 1, iat: 1, nbf: 1, jti: 'x', azp: 'x', nonce: 'x' },
  ...{ auth_time: 1, at_hash: 'x', c_hash: 'x', s_hash: 'x', sid: 'x', events: {}, client_id: 'x', account: 'x' },
  ...{ scope: 'admin', scp: 'admin', permissions: ['admin'], cnf: {}, token_use: 'access', typ: 'x', active: true },
}

describeStores('userinfo', engine => {
  let test: UserServer
  let api: { id: string }
  const start = async (option: Partial<UsersOption> = {}) => {
    test = await userServer(engine, { users: { ...users, ...option } })
    api = await test.addApi()
    await test.addClient()
  }
  beforeEach(() => start())
  afterEach(() => test.server.close())

  const userToken = async (fields: object = {}, claims?: object, header?: object) =>
    test.sign(await test.addGrant({ api_id: api.id, ...fields }), claims, header)
  const get = (token: string) => request(test.app).get(PATH).auth(token, { type: 'bearer' })

  it('says the sub, and what the host said at sign-in', async () => {
    const claims = JSON.stringify({ name: 'Ada', email: 'ada@example.com', org: { country: 'UK' }, ...RESERVED })
    const scope = 'openid profile email'
    const { body, headers } = await get(await userToken({ claims }, { scope })).expect(200)
    expect(body).to.deep.equal({ sub: USER, name: 'Ada', email: 'ada@example.com', org: { country: 'UK' } })
    expect(headers).to.include({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' })
  })

  it('says of the standard claims what the scopes of the token ask for', async () => {
    const claims = JSON.stringify({ name: 'Ada', email: 'ada@example.com', phone_number: '1', org: 7 })
    for (const [scope, told] of [
      ['openid', { org: 7 }],
      ['openid profile', { org: 7, name: 'Ada' }],
      ['openid email', { org: 7, email: 'ada@example.com' }],
    ] as const) {
      const { body } = await get(await userToken({ claims }, { scope })).expect(200)
      expect(body).to.deep.equal({ sub: USER, ...told })
    }
  })

  it("asks claimsOf where there is one, with the token's scopes of OpenID Connect", async () => {
    await test.server.close()
    const asked: unknown[] = []
    await start({
      claimsOf: async (...call) => {
        asked.push(call)
        return { name: 'Grace', ...RESERVED, ['__proto__']: { polluted: true } }
      },
    })
    const scope = 'read:users openid profile offline_access'
    const { body } = await get(await userToken({ claims: '{"name":"Ada"}' }, { scope })).expect(200)
    expect(body).to.deep.equal({ sub: USER, name: 'Grace' })
    expect(asked).to.deep.equal([[USER, ['openid', 'profile']]])
  })

  it('serves a token for itself alone, GET, HEAD and POST, in the header and in a form', async () => {
    const token = await userToken({ api_id: undefined, audience: `${ISSUER}/userinfo`, scope: ['openid'] })
    await get(token).expect(200)
    const head = await request(test.app).head(PATH).auth(token, { type: 'bearer' }).expect(200)
    expect(head.text).to.equal(undefined)
    await request(test.app).post(PATH).auth(token, { type: 'bearer' }).expect(200)
    await request(test.app).post(PATH).auth(token, { type: 'bearer' }).type('form').send({ a: 'b' }).expect(200)
    const { body } = await request(test.app).post(PATH).type('form').send({ access_token: token }).expect(200)
    expect(body).to.deep.equal({ sub: USER })
  })

  const claimsFaults: { description: string; claimsOf: () => unknown }[] = [
    {
      description: 'throws',
      claimsOf: () => {
        throw new Error('secret')
      },
    },
    { description: 'rejects', claimsOf: () => Promise.reject(new Error('secret')) },
    { description: 'answers a text', claimsOf: () => 'secret' },
    { description: 'answers nothing', claimsOf: () => undefined },
    { description: 'answers more than 16 KB', claimsOf: () => ({ x: 'secret'.repeat(5_000) }) },
  ]
  for (const { description, claimsOf } of claimsFaults) {
    it(`is 503 where claimsOf ${description}`, async () => {
      await test.server.close()
      await start({ claimsOf } as Partial<UsersOption>)
      const { text, headers } = await get(await userToken()).expect(503)
      expect(text).not.to.include('secret')
      expect(headers).to.have.property('retry-after')
      expect(headers).not.to.have.property('www-authenticate')
    })
  }

  const bad: { description: string; token: () => Promise<string>; detail: string }[] = [
    { description: 'text that is no token', token: async () => 'x', detail: 'not_three_parts' },
    { description: 'one that has expired', token: () => userToken({}, { exp: START / 1000 }), detail: 'expired' },
    {
      description: 'one with another signature',
      token: async () => (await userToken()).replace(/\.[^.]+$/, `.${'A'.repeat(342)}`),
      detail: 'signature',
    },
    { description: 'another issuer’s', token: () => userToken({}, { iss: 'https://other.example' }), detail: 'issuer' },
    {
      description: 'an ID token',
      token: () =>
        userToken({}, { aud: 'cli_app', azp: 'cli_app', client_id: undefined, scope: undefined }, { typ: 'JWT' }),
      detail: 'not_an_access_token',
    },
    {
      description: 'an ID token in the clothes of an access token',
      token: () => userToken({}, { at_hash: 'x' }, { typ: 'JWT' }),
      detail: 'not_an_access_token',
    },
    {
      description: 'one whose grant has ended',
      token: () => userToken({}, { jti: 'gra_0.x' }),
      detail: 'authorization_ended',
    },
    {
      description: 'one whose grant has ended by itself',
      token: () => userToken({ expires_at: new Date(START) }),
      detail: 'authorization_ended',
    },
    {
      description: 'one of another user’s grant',
      token: () => userToken({}, { sub: 'grace' }),
      detail: 'authorization_ended',
    },
    { description: 'one for an earlier API', token: () => userToken({ api_id: 'api_0' }), detail: 'api_deleted' },
    {
      description: 'one of a client that is gone',
      token: () => userToken({ client_id: 'cli_gone' }),
      detail: 'client_deleted',
    },
    {
      description: 'one with openid and no grant',
      token: () => test.sign(undefined, { scope: 'openid' }),
      detail: 'authorization_ended',
    },
    {
      description: 'a refresh token',
      token: async () => '0'.repeat(26) + 'A'.repeat(64),
      detail: 'not_three_parts',
    },
  ]
  for (const { description, token, detail } of bad) {
    it(`refuses ${description} with 401 invalid_token, and the challenge`, async () => {
      const presented = await token()
      const { body, headers } = await get(presented).expect(401)
      expect(body.error).to.equal('invalid_token')
      expect(headers['www-authenticate']).to.equal(
        `Bearer realm="${ISSUER}", error="invalid_token", error_description="${body.error_description}", scope="openid"`,
      )
      expect(headers['cache-control']).to.equal('no-store')
      expect(test.events.at(-1)).to.include({ type: 'request.refused', endpoint: 'userinfo', detail })
      if (presented.length > 1) expect(JSON.stringify(test.events)).not.to.include(presented)
    })
  }

  it('refuses a token without openid with 403', async () => {
    for (const token of [await userToken({ scope: ['read:users'] }), await test.sign(undefined)]) {
      const { body, headers } = await get(token).expect(403)
      expect(body.error).to.equal('insufficient_scope')
      expect(headers['www-authenticate']).to.match(/^Bearer .*error="insufficient_scope".*scope="openid"$/)
    }
  })

  const malformed: { description: string; send: (token: string) => request.Test; status: number; challenge: RegExp }[] =
    [
      {
        description: 'nothing',
        send: () => request(test.app).get(PATH),
        status: 401,
        challenge: /^Bearer realm="[^"]+", scope="openid"$/,
      },
      {
        description: 'another scheme',
        send: () => request(test.app).get(PATH).auth('cli_app', 'x'),
        status: 401,
        challenge: /^Bearer realm="[^"]+", scope="openid"$/,
      },
      {
        description: 'the token in the URL',
        send: token => request(test.app).get(`${PATH}?access_token=${token}`),
        status: 401,
        challenge: /^Bearer realm="[^"]+", scope="openid"$/,
      },
      {
        description: 'the token as JSON',
        send: token => request(test.app).post(PATH).send({ access_token: token }),
        status: 401,
        challenge: /^Bearer realm="[^"]+", scope="openid"$/,
      },
      {
        description: 'the token in header and form',
        send: token =>
          request(test.app).post(PATH).auth(token, { type: 'bearer' }).type('form').send({ access_token: token }),
        status: 400,
        challenge: /error="invalid_request"/,
      },
      {
        description: 'the token twice in the form',
        send: token => request(test.app).post(PATH).type('form').send(`access_token=${token}&access_token=${token}`),
        status: 400,
        challenge: /error="invalid_request"/,
      },
      {
        description: 'Bearer alone',
        send: () => request(test.app).get(PATH).set('authorization', 'Bearer'),
        status: 400,
        challenge: /error="invalid_request"/,
      },
      {
        description: 'two tokens',
        send: token => request(test.app).get(PATH).set('authorization', `Bearer ${token} ${token}`),
        status: 400,
        challenge: /error="invalid_request"/,
      },
    ]
  for (const { description, send, status, challenge } of malformed) {
    it(`answers ${status} to ${description}`, async () => {
      const { headers } = await send(await userToken()).expect(status)
      expect(headers['www-authenticate']).to.match(challenge)
    })
  }

  it('is not served by other methods, and is the host’s where there are no users', async () => {
    await request(test.app).put(PATH).expect(405).expect('allow', 'GET, HEAD, POST')
    await request(test.app).options(PATH).expect(405)
    const without = await userServer(engine, { users: undefined })
    without.app.get(PATH, (_req, res) => void res.json({ host: true }))
    await request(without.app).get(PATH).expect(200, { host: true })
    await without.server.close()
  })

  it('knows nothing of the users of another account', async () => {
    const two = await userServer(engine, { accounts: accountsByPath(ISSUER, ['acme', 'globex']) })
    for (const account of ['acme', 'globex']) await two.addClient({ account })
    const own = await two.addApi({ account: 'globex' })
    const grant = await two.addGrant({ account: 'globex', api_id: own.id, audience: AUDIENCE })
    const token = await two.sign(grant, { iss: `${ISSUER}/t/globex` }, { account: 'globex' })
    const at = (name: string) => request(two.app).get(`/t/${name}${PATH}`).auth(token, { type: 'bearer' })
    await at('globex').expect(200, { sub: USER })
    await at('acme').expect(401)
    await two.server.close()
  })
})
