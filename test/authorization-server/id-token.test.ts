import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { createLocalJWKSet, jwtVerify } from 'jose'
import * as client from 'openid-client'
import request from 'supertest'
import type { UsersOption } from '../../lib/authorization-server/users/users-option.js'
import { storeEngines } from '../support/stores.js'
import { CLIENT_ID, decode, ISSUER } from './fixtures.js'
import { type Authorization, type FlowOptions, LASTING, startFlow, USER, type UserFlow } from './user-fixtures.js'

const OPENID = ['openid', 'profile', 'email']

describe('ID token', () => {
  let flow: UserFlow

  async function start(options: FlowOptions = {}): Promise<void> {
    await flow?.close()
    const [embedded] = storeEngines
    if (embedded === undefined) throw new Error('no engine')
    flow = await startFlow(embedded, options)
  }

  before(() => start())
  beforeEach(() => flow.reset())
  after(() => flow.close())

  async function exchange(about: Authorization, changes = {}): Promise<Record<string, string>> {
    return (await flow.exchange(await flow.authorize(about), changes).expect(200)).body
  }

  const claimsOf = (body: Record<string, string>) => decode(body['id_token'] ?? '').claims

  it('has the header and claims of OpenID Connect Core §2 and no others, and is signed by the published key', async () => {
    flow.clock.time += 999
    const about = { scope: ['read:users', 'openid'], user: { authTime: 1_700_000_000 }, request: { nonce: 'n "ö"' } }
    const body = await exchange(about)
    const { header, claims } = decode(body['id_token'] ?? '')
    const jwks = await request(flow.app).get('/.well-known/jwks.json')
    const iat = Math.floor(flow.clock.time / 1000)
    expect(header).to.deep.equal({ alg: 'RS256', typ: 'JWT', kid: jwks.body.keys[0].kid })
    expect(claims).to.deep.equal({
      ...{ iss: ISSUER, sub: USER, aud: CLIENT_ID, azp: CLIENT_ID, iat, exp: iat + 3600 },
      ...{ auth_time: 1_700_000_000, nonce: 'n "ö"', at_hash: claims['at_hash'] },
    })
    const digest = createHash('sha256')
      .update(body['access_token'] ?? '')
      .digest()
    expect(claims['at_hash']).to.equal(digest.subarray(0, 16).toString('base64url'))
    expect(decode(body['access_token'] ?? '').claims['iat']).to.equal(iat)
    const options = { currentDate: new Date(flow.clock.time), audience: CLIENT_ID, issuer: ISSUER }
    await jwtVerify(body['id_token'] ?? '', createLocalJWKSet(jwks.body), options)
  })

  it('lives an hour, however long the access token does', async () => {
    await flow.changeApi({ token_lifetime: 60 })
    const { exp, iat } = claimsOf(await exchange({ scope: ['openid'] }))
    expect(Number(exp) - Number(iat)).to.equal(3600)
  })

  it('has neither nonce nor auth_time where they are not known', async () => {
    const claims = claimsOf(await exchange({ scope: ['openid'], without: ['nonce'] }))
    expect(claims).not.to.have.any.keys('nonce', 'auth_time')
  })

  it('is given with openid alone', async () => {
    expect(await exchange({ scope: ['read:users', 'profile', 'email'] })).not.to.have.property('id_token')
    expect(flow.host.asked.map(({ of }) => of)).to.deep.equal(['permissions'])
    expect(await exchange({}, { scope: 'read:users' })).not.to.have.property('id_token')
    expect(await exchange({}, { scope: 'openid' })).to.have.property('id_token')
  })

  it('comes with a refresh too: no nonce, the sign-in of then, the claims of now', async () => {
    const about = { scope: [...LASTING, 'profile'], user: { authTime: 1_700_000_000 } }
    flow.host.claims = { name: 'Ada' }
    const first = await exchange(about)
    flow.clock.time += 86_400_000
    flow.host.claims = { name: 'Ada L.' }
    const { body } = await flow.refresh(first['refresh_token'] ?? '').expect(200)
    const [before, now] = [claimsOf(first), claimsOf(body)]
    expect(before).to.include({ nonce: 'n-1', name: 'Ada' })
    expect(now).to.include({ sub: USER, aud: CLIENT_ID, azp: CLIENT_ID, auth_time: 1_700_000_000, name: 'Ada L.' })
    expect(now).not.to.have.property('nonce')
    expect(Number(now['iat'])).to.equal(Number(before['iat']) + 86_400)
    const narrowed = await flow.refresh(body.refresh_token, { scope: 'read:users' }).expect(200)
    expect(narrowed.body).not.to.have.property('id_token')
  })

  const everything = {
    ...{ name: 'Ada', 'family_name#en': 'Lovelace', picture: 'https://x', updated_at: 1, locale: 'en' },
    ...{ email: 'ada@example.com', email_verified: true, phone_number: '1', address: { country: 'GB' } },
    ...{ roles: ['admin'], 'https://example.com/org': 7 },
  }
  const released: { scope: string[]; request?: string; gives: string[] }[] = [
    { scope: ['openid'], gives: [] },
    { scope: ['openid', 'profile'], gives: ['name', 'family_name#en', 'picture', 'updated_at', 'locale'] },
    { scope: ['openid', 'email'], gives: ['email', 'email_verified'] },
    { scope: OPENID, request: 'openid email', gives: ['email', 'email_verified'] },
  ]
  for (const { scope, request: asked, gives } of released) {
    it(`says of the user what ${asked ?? scope.join(' ')} asks for, and what no scope is about`, async () => {
      flow.host.claims = everything
      const claims = claimsOf(await exchange({ scope }, asked === undefined ? {} : { scope: asked }))
      const about = Object.keys(claims).filter(name => name in everything)
      expect(about).to.have.members([...gives, 'roles', 'https://example.com/org'])
      const told = flow.host.asked.find(({ of }) => of === 'claims')
      expect(told).to.deep.equal({ of: 'claims', user: USER, scopes: asked?.split(' ') ?? scope })
    })
  }

  it('tells claimsOf the scopes of OpenID Connect alone', async () => {
    await exchange({ scope: ['read:users', ...OPENID, 'offline_access'] })
    expect(flow.host.asked.find(({ of }) => of === 'claims')?.scopes).to.deep.equal(OPENID)
  })

  it('cannot be made to say what the server says', async () => {
    const names = ['iss', 'sub', 'aud', 'exp', 'iat', 'nonce', 'azp', 'at_hash', 'auth_time', 'acr', 'amr', 'sub#en']
    const more = ['nbf', 'jti', 'c_hash', 's_hash', 'sid', 'cnf', 'events', 'client_id', 'scope', 'permissions', 'typ']
    flow.host.claims = Object.fromEntries([...names, ...more].map(name => [name, 'forged']))
    for (const without of [[], ['nonce'] as const]) {
      const claims = claimsOf(await exchange({ scope: OPENID, without }))
      expect(Object.values(claims)).not.to.include('forged')
    }
  })

  it('is nobody else for a claim that is named like a prototype', async () => {
    flow.host.claims = JSON.parse('{"__proto__":{"sub":"eve"},"constructor":1}')
    const claims = claimsOf(await exchange({ scope: ['openid'] }))
    expect(claims).to.include({ sub: USER, constructor: 1 })
    expect(Object.keys(claims)).not.to.include('__proto__')
  })

  const answers: unknown[] = [undefined, null, 'ada', ['ada'], { big: 'x'.repeat(20_000) }, { n: 1n }]
  for (const answer of answers) {
    const name = String(typeof answer === 'object' && answer !== null ? Object.keys(answer) : answer)
    it(`is not made of a wrong answer of claimsOf (${name}): 503, and the code is still good`, async () => {
      const code = await flow.authorize({ scope: ['openid'] })
      Object.assign(flow.host, { claims: answer })
      const { body, headers } = await flow.exchange(code).expect(503)
      expect(body.error).to.equal('temporarily_unavailable')
      expect(headers).to.have.property('retry-after')
      expect(flow.events.find(({ type }) => type === 'users.failed')).to.include({ hook: 'claimsOf' })
      flow.host.claims = {}
      await flow.exchange(code).expect(200)
    })
  }

  it('says what authenticate said where there is no claimsOf, bounded by the scopes', async () => {
    const users: UsersOption = { authenticate: () => undefined, loginUrl: '/login' }
    await start({ options: { users } })
    const claims = JSON.stringify({ name: 'Ada', email: 'ada@example.com', sub: 'eve' })
    const about = { scope: ['openid', 'email', 'offline_access'], user: { claims } }
    const body = await exchange(about)
    expect(claimsOf(body)).to.include({ sub: USER, email: 'ada@example.com' }).and.not.have.property('name')
    const refreshed = await flow.refresh(body['refresh_token'] ?? '').expect(200)
    expect(claimsOf(refreshed.body)).to.include({ sub: USER, email: 'ada@example.com' })
  })

  it('has typ JWT whatever the typ of access tokens is', async () => {
    for (const tokenType of ['at+jwt', 'JWT'] as const) {
      await start({ options: { tokenType } })
      const body = await exchange({ scope: ['openid'] })
      expect(decode(body['id_token'] ?? '').header['typ']).to.equal('JWT')
      expect(decode(body['access_token'] ?? '').header['typ']).to.equal(tokenType)
    }
  })

  it('is read by openid-client, which checks nonce, azp and at_hash', async () => {
    await start()
    const metadata = {
      ...{ issuer: ISSUER, token_endpoint: `${ISSUER}/oauth/token`, jwks_uri: `${ISSUER}/.well-known/jwks.json` },
      authorization_endpoint: `${ISSUER}/authorize`,
    }
    const clockSkew = Math.round((flow.clock.time - Date.now()) / 1000)
    const config = new client.Configuration(metadata, CLIENT_ID, { [client.clockSkew]: clockSkew }, client.None())
    config[client.customFetch] = async (url, { body, method }) => {
      const { pathname } = new URL(url)
      const send =
        method === 'POST' ? request(flow.app).post(pathname).send(String(body)) : request(flow.app).get(pathname)
      const answer = await send
      return Response.json(answer.body, { status: answer.status })
    }
    client.enableNonRepudiationChecks(config)
    const code = await flow.authorize({ user: { authTime: Math.floor(flow.clock.time / 1000) - 30 } })
    const url = new URL(`https://app.example.com/callback?code=${code}`)
    const checks = { pkceCodeVerifier: 'v'.repeat(43), expectedNonce: 'n-1', maxAge: 60, idTokenExpected: true }
    const tokens = await client.authorizationCodeGrant(config, url, checks)
    expect(tokens.claims()).to.include({ sub: USER })
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.claims()).to.include({ sub: USER })
  })
})
