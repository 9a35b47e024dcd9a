import { expect } from 'chai'
import { createSecret } from '../../lib/authorization-server/clients/client-secrets.js'
import type { ApiRecord } from '../../lib/store/records.js'
import { describeStores, storeEngines } from '../support/stores.js'
import { AUDIENCE, basic, CLIENT_ID, decode, type Parameters, postToken, SECRET } from './fixtures.js'
import { LASTING, refreshOf, startFlow, USER, type UserFlow } from './user-fixtures.js'
import { alterToken, REFRESH_REFUSALS } from '../vectors/refresh-refusals.js'

const ROUNDS = 100
const DAY = 86_400_000

describeStores('refresh_token', engine => {
  let flow: UserFlow
  before(async () => {
    flow = await startFlow(engine)
    await flow.server.context.records.clients.insert({ ...flow.client, id: 'cli_other' })
  })
  after(() => flow.close())
  beforeEach(() => flow.reset())

  /** The first refresh token of a new family. */
  async function begin(scope: readonly string[] = LASTING): Promise<string> {
    const { body } = await flow.exchange(await flow.authorize({ scope })).expect(200)
    flow.events.length = 0
    return body.refresh_token
  }

  async function next(token: string, changes: Parameters = {}): Promise<string> {
    return (await flow.refresh(token, changes).expect(200)).body.refresh_token
  }

  async function refuse(token: string, changes: Parameters = {}): Promise<void> {
    const { body } = await flow.refresh(token, changes).expect(400)
    expect(body.error).to.equal('invalid_grant')
  }

  it('gives new tokens, and the refresh token that replaces this one', async () => {
    const token = await begin()
    flow.clock.time += 5_000
    const { body, headers } = await flow.refresh(token).expect(200)
    expect(body).to.have.all.keys(...['access_token', 'token_type', 'expires_in', 'scope', 'refresh_token', 'id_token'])
    expect(body).to.include({ token_type: 'Bearer', expires_in: 3600, scope: LASTING.join(' ') })
    expect(headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' })
    expect(body.refresh_token)
      .to.match(/^[0-9a-z]{26}[A-Za-z0-9_-]{64}$/)
      .and.not.equal(token)
    const { claims } = decode(body.access_token)
    const iat = Math.floor(flow.clock.time / 1000)
    expect(claims).to.include({ sub: USER, aud: AUDIENCE, client_id: CLIENT_ID, iat, exp: iat + 3600 })
    expect(claims['jti']).to.match(/^gra_[0-9a-z]{26}\.[A-Za-z0-9_-]{22}$/)
  })

  it('keeps nothing in the store that is a token, or from which one could be made', async () => {
    await flow.removeGrants()
    const first = await begin()
    const second = await next(first)
    const text = JSON.stringify(await flow.grants())
    // What they begin with is the id of the grant.
    for (const token of [first, second])
      for (const part of token.slice(26).match(/.{16}/g) ?? []) expect(text).not.to.include(part)
  })

  for (const row of REFRESH_REFUSALS) {
    const { description, changes = {}, scope, status = 400, error = 'invalid_grant', detail } = row
    it(`refuses ${description}: ${error}, and changes nothing`, async () => {
      await flow.removeGrants()
      const token = await begin(scope)
      const [before] = await flow.grants()
      if (row.api?.id !== undefined) await replaceApi(row.api.id)
      else if (row.api !== undefined) await flow.changeApi(row.api)
      if (row.client !== undefined) await flow.changeClient(row.client)
      Object.assign(flow.host, { permissions: row.permissions, fault: row.fault ?? false })
      const sent = typeof changes === 'function' ? changes(token) : changes
      const { body, headers } = await flow.refresh(token, sent).expect(status)
      expect(body).to.have.all.keys('error', 'error_description')
      expect(body.error).to.equal(error)
      expect(headers['cache-control']).to.equal('no-store')
      expect(await flow.grants()).to.deep.equal([before])
      const told = flow.events.map(({ type }) => type).filter(type => type !== 'users.failed')
      expect(told).to.deep.equal(status === 503 ? ['server.error'] : ['token.refused'])
      if (status !== 503) expect(flow.events.at(-1)).to.include({ detail })
      if (row.api?.id !== undefined) await replaceApi(flow.api.id)
      await flow.reset()
      await next(token)
    })
  }

  /** The API is deleted, and one with the same identifier registered. */
  async function replaceApi(id: string): Promise<void> {
    const { records, registry } = flow.server.context
    const [present] = (await records.apis.find('default', { limit: 10 })).records.filter(api => !api.is_system)
    if (present === undefined) throw new Error('no API')
    await records.apis.remove('default', present.id)
    await records.apis.insert({ ...present, id })
    registry.apiChanged('default', AUDIENCE)
  }

  const scopes: { scope: string; gives: string; api?: Partial<ApiRecord>; description: string }[] = [
    { description: 'one of two', scope: 'write:users', gives: 'write:users' },
    { description: 'another order', scope: 'openid write:users read:users', gives: 'write:users read:users openid' },
    { description: 'openid alone', scope: 'openid', gives: 'openid' },
    { description: 'with offline_access', scope: 'offline_access read:users', gives: 'read:users offline_access' },
    {
      description: 'beside what has left the catalogue',
      scope: 'write:users read:users',
      gives: 'read:users',
      api: { permissions: [{ value: 'read:users' }] },
    },
  ]
  for (const { description, scope, gives, api } of scopes) {
    it(`narrows this access token, never the grant: ${description}`, async () => {
      const token = await begin()
      if (api !== undefined) await flow.changeApi(api)
      const { body } = await flow.refresh(token, { scope, audience: AUDIENCE, resource: AUDIENCE }).expect(200)
      expect(body.scope).to.equal(gives)
      expect('id_token' in body).to.equal(gives.includes('openid'))
      await flow.reset()
      const whole = await flow.refresh(body.refresh_token).expect(200)
      expect(whole.body.scope).to.equal(LASTING.join(' '))
    })
  }

  it('gives back a permission that comes back: to the catalogue, the ceiling, the user', async () => {
    let token = await begin()
    const losses: (() => Promise<void> | void)[] = [
      () => flow.changeApi({ permissions: [{ value: 'write:users' }] }),
      () => flow.changeClient({ api_grants: [{ audience: AUDIENCE, scope: ['write:users'] }] }),
      () => void Object.assign(flow.host, { permissions: ['write:users'] }),
    ]
    for (const lose of losses) {
      await lose()
      const less = await flow.refresh(token).expect(200)
      expect(less.body.scope).to.equal('write:users openid offline_access')
      await flow.reset()
      const whole = await flow.refresh(less.body.refresh_token).expect(200)
      expect(whole.body.scope).to.equal(LASTING.join(' '))
      token = whole.body.refresh_token
    }
  })

  it('echoes what was granted where the policy was switched off; permissions are those of the catalogue', async () => {
    const token = await begin(['x', 'read:users', 'offline_access'])
    await flow.changeApi({ token_dialect: 'access_token_authz', enforce_policies: false })
    const { body } = await flow.refresh(token).expect(200)
    expect(body.scope).to.equal('x read:users offline_access')
    expect(decode(body.access_token).claims['permissions']).to.deep.equal(['read:users'])
  })

  it('ignores the parameters of other grants, unless they are repeated', async () => {
    const token = await begin()
    const form = new URLSearchParams(refreshOf(token)).toString()
    const twice = await postToken(flow.app, `${form}&code=a&code=b` as never).expect(400)
    expect(twice.body.error).to.equal('invalid_request')
    await next(token, { code: 'x', redirect_uri: 'y', code_verifier: 'z' })
  })

  it('wants a confidential client to authenticate', async () => {
    const secrets = [createSecret(SECRET, flow.clock.time)]
    const token = await begin()
    await flow.changeClient({ token_endpoint_auth_method: 'client_secret_post', secrets })
    await flow.refresh(token).expect(401)
    await flow.refresh(token, { client_secret: 'wrong' }).expect(401)
    const second = await next(token, { client_secret: SECRET })
    const form = refreshOf(second, { client_id: '' })
    await postToken(flow.app, form).set('authorization', basic(CLIENT_ID, SECRET)).expect(200)
  })

  it('ends 401 where the client was deleted', async () => {
    const token = await begin()
    const { records, registry } = flow.server.context
    const client = await records.clients.get('default', CLIENT_ID)
    if (client === null) throw new Error('no client')
    await records.clients.remove('default', CLIENT_ID)
    registry.clientChanged('default', CLIENT_ID)
    const { body } = await flow.refresh(token).expect(401)
    expect(body.error).to.equal('invalid_client')
    await records.clients.insert(client)
    registry.clientChanged('default', CLIENT_ID)
  })

  it('ends with the consent that the grant rests on', async () => {
    const { consents } = flow.server.context.records
    const now = new Date(flow.clock.time)
    const id = 'con_1'
    await consents.insert({
      ...{ id, account: 'default', revision: 1, createdAt: now, updatedAt: now, key: 'k' },
      ...{ user: USER, client_id: CLIENT_ID, audience: AUDIENCE, scope: ['read:users'] },
    })
    const codes = await Promise.all([flow.authorize({ consentId: id }), flow.authorize({ consentId: id })])
    const { body } = await flow.exchange(codes[0]).expect(200)
    const token = await next(body.refresh_token)
    await consents.remove('default', id)
    await refuse(token)
    expect(flow.events.at(-1)).to.include({ type: 'token.refused', detail: 'consent_removed' })
    await flow.exchange(codes[1]).expect(400)
  })

  it('ends with the grant', async () => {
    const token = await begin()
    await flow.removeGrants()
    await refuse(token)
  })

  it('ends at an absolute time, however often it is used', async () => {
    await flow.changeClient({ refresh_token: { token_lifetime: 3 * 86_400 } })
    const start = flow.clock.time
    let token = await begin()
    await flow.changeClient({ refresh_token: { token_lifetime: 30 * 86_400 } })
    for (const day of [1, 2]) {
      flow.clock.time = start + day * DAY
      token = await next(token)
    }
    flow.clock.time = start + 3 * DAY - 1
    token = await next(token)
    flow.clock.time = start + 3 * DAY
    await refuse(token)
    expect(flow.count('refresh.reused')).to.equal(0)
  })

  describe('reuse', () => {
    it('gives the predecessor the same successor until just before the end of the grace', async () => {
      const first = await begin()
      const second = await next(first)
      for (const later of [0, 5_000, 4_999]) {
        flow.clock.time += later
        expect(await next(first)).to.equal(second)
      }
      expect(await next(second)).to.be.a('string')
      expect(flow.count('refresh.reused')).to.equal(0)
    })

    it('gives the predecessor a scope of its own', async () => {
      const first = await begin()
      const second = await next(first, { scope: 'read:users' })
      const { body } = await flow.refresh(first, { scope: 'write:users' }).expect(200)
      expect(body).to.include({ scope: 'write:users', refresh_token: second })
    })

    it('does not begin the grace anew', async () => {
      const first = await begin()
      await next(first)
      flow.clock.time += 6_000
      await next(first)
      flow.clock.time += 4_000
      await refuse(first)
      expect(flow.count('refresh.reused')).to.equal(1)
    })

    const reuses: { description: string; at: number; later: number }[] = [
      { description: 'the predecessor at the end of the grace', at: 1, later: 10_000 },
      { description: 'the predecessor a day later', at: 1, later: DAY },
      { description: 'the one before the predecessor at once', at: 2, later: 0 },
      { description: 'the first one of five at once', at: 4, later: 0 },
      { description: 'the first one of five a day later', at: 4, later: DAY },
    ]
    for (const { description, at, later } of reuses) {
      it(`ends the family, and no other, for ${description}`, async () => {
        await flow.removeGrants()
        const other = await begin()
        const tokens = [await begin()]
        for (let i = 0; i < at; i++) tokens.push(await next(tokens.at(-1) ?? ''))
        const [grant] = (await flow.grants()).filter(({ rotated_at }) => rotated_at !== undefined)
        flow.clock.time += later
        await refuse(tokens[0] ?? '')
        const told = flow.events.filter(({ type }) => /reused|revoked|refused/.test(type))
        const about = { account: 'default', clientId: CLIENT_ID, address: '127.0.0.1' }
        const whose = { user: grant?.user, audience: grant?.audience }
        expect(told).to.deep.equal([
          { type: 'grant.revoked', ...about, grantId: grant?.id, ...whose },
          { type: 'refresh.reused', ...about, grantId: grant?.id, ...whose },
          { type: 'token.refused', ...about, code: 'invalid_grant', detail: 'reused_refresh_token' },
        ])
        for (const token of tokens) await refuse(token)
        expect(flow.count('refresh.reused')).to.equal(1)
        await next(other)
      })
    }

    it('ends nothing for an old token of another client, or of a family that was changed', async () => {
      const first = await begin()
      const second = await next(first)
      flow.clock.time += DAY
      await refuse(first, { client_id: 'cli_other' })
      await refuse(alterToken(first, 40))
      expect(flow.count('refresh.reused')).to.equal(0)
      await next(second)
    })

    it('is found out while the API allows no refresh tokens', async () => {
      const first = await begin()
      const second = await next(first)
      flow.clock.time += DAY
      await flow.changeApi({ allow_offline_access: false })
      await refuse(first)
      expect(flow.count('refresh.reused')).to.equal(1)
      await flow.changeApi({ allow_offline_access: true })
      await refuse(second)
    })

    it('has no grace by a clock that was set back by more than a minute', async () => {
      const first = await begin()
      await next(first)
      flow.clock.time -= 59_999
      await next(first)
      flow.clock.time -= 1
      await refuse(first)
      flow.clock.time += 60_000
    })
  })

  it(`gives two at once one successor, ${ROUNDS} times in a row`, async () => {
    await flow.removeGrants()
    let token = await begin(['read:users', 'offline_access'])
    for (let round = 0; round < ROUNDS; round++) {
      const [one, other] = await Promise.all([next(token), next(token)])
      expect(one).to.equal(other)
      token = one
    }
    expect(await flow.grants()).to.have.length(1)
    expect(flow.count('refresh.reused')).to.equal(0)
  })

  it('gives ten at once one successor', async () => {
    const token = await begin()
    const answers = await Promise.all(Array.from({ length: 10 }, () => next(token)))
    expect(new Set(answers)).to.have.property('size', 1)
  })
})

describe('refreshGrace', () => {
  const [embedded] = storeEngines

  const rows: { refreshGrace: number; later: number; status: number }[] = [
    { refreshGrace: 0, later: 0, status: 400 },
    { refreshGrace: 0, later: -1, status: 400 },
    { refreshGrace: 1, later: 999, status: 200 },
    { refreshGrace: 1, later: 1_000, status: 400 },
    { refreshGrace: 60, later: 59_999, status: 200 },
    { refreshGrace: 60, later: 60_000, status: 400 },
  ]
  for (const { refreshGrace, later, status } of rows) {
    it(`of ${refreshGrace} s: a predecessor ${later} ms later is ${status}`, async () => {
      if (embedded === undefined) throw new Error('no engine')
      const flow = await startFlow(embedded, { options: { refreshGrace } })
      const { body } = await flow.exchange(await flow.authorize()).expect(200)
      const second = await flow.refresh(body.refresh_token).expect(200)
      flow.clock.time += later
      const again = await flow.refresh(body.refresh_token).expect(status)
      if (status === 200) expect(again.body.refresh_token).to.equal(second.body.refresh_token)
      await flow.refresh(second.body.refresh_token).expect(status)
      await flow.close()
    })
  }

  it('of 0: of two at once one gets a successor, and the family is ended', async () => {
    if (embedded === undefined) throw new Error('no engine')
    const flow = await startFlow(embedded, { options: { refreshGrace: 0 } })
    const { body } = await flow.exchange(await flow.authorize()).expect(200)
    const answers = await Promise.all([flow.refresh(body.refresh_token), flow.refresh(body.refresh_token)])
    expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 400])
    expect(await flow.grants()).to.deep.equal([])
    await flow.close()
  })
})
