import { expect } from 'chai'
import request from 'supertest'
import { authorizationServer } from '../../lib/authorization-server/index.js'
import { StoreUnavailableError } from '../../lib/errors.js'
import { LOG_TYPES } from '../../lib/store/log-records.js'
import { describeStores } from '../support/stores.js'
import { AUDIENCE, ISSUER } from './fixtures.js'
import { type Body, type Logged, MANAGER, startLogged, WEB } from './log-fixture.js'

const ADDRESS = '127.0.0.1'
const FROM = { address: ADDRESS }
const BY = { actor: MANAGER.id, ...FROM }

describeStores('the log', engine => {
  let test: Logged
  let apiId: string
  let client: { id: string; secret: string }
  let web: string

  before(async () => {
    test = await startLogged(engine)
    apiId = await test.makeApi()
    client = await test.makeClient()
    web = (await test.makeClient(WEB)).id
  })
  after(() => test.close())

  const credentials = (secret = client.secret, id = client.id) => ({
    ...{ grant_type: 'client_credentials', client_id: id, client_secret: secret, audience: AUDIENCE },
  })

  describe('of the token endpoint', () => {
    it('has what a client got for itself', async () => {
      await test.postToken({ ...credentials(), scope: 'write:users read:users' }).expect(200)
      expect(await test.newest('token.issued')).to.deep.equal({
        ...{ type: 'token.issued', client_id: client.id, audience: AUDIENCE, scope: ['write:users', 'read:users'] },
        ...FROM,
      })
    })

    it('has the user whom a token is for', async () => {
      const tokens = await test.exchange(web, await test.authorize(web))
      const issued = {
        ...{ type: 'token.issued', client_id: web, user: 'ada', audience: AUDIENCE },
        ...{ scope: ['read:users', 'offline_access'], ...FROM },
      }
      expect(await test.newest('token.issued')).to.deep.equal(issued)
      const refresh = { grant_type: 'refresh_token', client_id: web, refresh_token: String(tokens['refresh_token']) }
      await test.postToken({ ...refresh, scope: 'read:users' }).expect(200)
      expect(await test.newest('token.issued')).to.deep.equal({ ...issued, scope: ['read:users'] })
    })

    const secret = 'x'.repeat(43)
    const refusals: { description: string; parameters: () => Record<string, string>; record: () => Body }[] = [
      {
        description: 'a wrong secret',
        parameters: () => credentials('wrong'),
        record: () => ({ client_id: client.id, code: 'invalid_client', detail: 'wrong_secret' }),
      },
      {
        description: 'no secret',
        parameters: () => credentials(''),
        record: () => ({ client_id: client.id, code: 'invalid_client', detail: 'missing_secret' }),
      },
      {
        description: 'a client that nobody knows, by its name',
        parameters: () => credentials('x', 'cli_nobody'),
        record: () => ({ client_id: 'cli_nobody', code: 'invalid_client', detail: 'unknown_client' }),
      },
      {
        description: 'a client that nobody knows, whose name is not printable, without it',
        parameters: () => credentials('x', 'cli\u0007<script>'),
        record: () => ({ code: 'invalid_client', detail: 'unknown_client' }),
      },
      {
        description: 'a client that nobody knows, whose name is long, without it',
        parameters: () => credentials('x', 'c'.repeat(65)),
        record: () => ({ code: 'invalid_client', detail: 'unknown_client' }),
      },
      {
        description: 'a secret in the place of the name, without it',
        parameters: () => credentials('x', secret),
        record: () => ({ code: 'invalid_client', detail: 'unknown_client' }),
      },
      {
        description: 'a scope that is not to be had',
        parameters: () => ({ ...credentials(), scope: 'delete:users' }),
        record: () => ({ client_id: client.id, code: 'invalid_scope', detail: 'no_scope_left' }),
      },
      {
        description: 'an audience that is not to be had',
        parameters: () => ({ ...credentials(), audience: 'https://nowhere.example' }),
        record: () => ({ client_id: client.id, code: 'invalid_target', detail: 'unknown_api' }),
      },
      {
        description: 'a request that names nobody',
        parameters: () => ({ grant_type: 'client_credentials' }),
        record: () => ({ code: 'invalid_client', detail: 'no_client_authentication' }),
      },
    ]
    for (const { description, parameters, record } of refusals) {
      it(`has the code of the wire and the reason: ${description}`, async () => {
        await test.postToken(parameters())
        expect(await test.newest('token.refused')).to.deep.equal({ type: 'token.refused', ...record(), ...FROM })
      })
    }

    it('tells an expired secret from a wrong one', async () => {
      const expires_at = new Date(test.clock.time + 1000).toISOString()
      const made = await test.manage('post', `/clients/${client.id}/secrets`, { expires_at }).expect(201)
      test.clock.time += 1000
      await test.postToken(credentials(made.body.client_secret)).expect(401)
      expect(await test.newest('token.refused')).to.include({ code: 'invalid_client', detail: 'expired_secret' })
    })
  })

  describe('of users', () => {
    it('has what was authorized, and where', async () => {
      await test.authorize(web)
      const { target, ...allowed } = await test.newest('authorize.allowed')
      expect(target).to.match(/^gra_/)
      expect(allowed).to.deep.equal({
        ...{ type: 'authorize.allowed', client_id: web, user: 'ada', audience: AUDIENCE },
        ...{ scope: ['read:users', 'offline_access'], ...FROM },
      })
    })

    it('has what was denied', async () => {
      await test.authorize(web, { scope: 'nothing:here' })
      expect(await test.newest('authorize.denied')).to.deep.equal({
        ...{ type: 'authorize.denied', client_id: web, code: 'invalid_scope', detail: 'no_scope_left', ...FROM },
      })
      await test.authorize('cli_nobody')
      expect(await test.newest('authorize.denied')).to.include({ code: 'invalid_request', detail: 'unknown_client' })
    })

    it('has a refresh token that came twice, and the grant that ended by it', async () => {
      const tokens = await test.exchange(web, await test.authorize(web))
      const refresh = { grant_type: 'refresh_token', client_id: web, refresh_token: String(tokens['refresh_token']) }
      await test.postToken(refresh).expect(200)
      test.clock.time += 60_000
      await test.postToken(refresh).expect(400)
      const [refused, reused, ended] = await test.logs('')
      const whose = { client_id: web, user: 'ada', audience: AUDIENCE, ...FROM }
      expect(refused).to.include({ type: 'token.refused', code: 'invalid_grant', detail: 'reused_refresh_token' })
      expect(reused).to.deep.equal({ type: 'refresh.reused', target: ended?.['target'], ...whose })
      expect(ended).to.deep.equal({ type: 'grant.revoked', target: reused?.['target'], ...whose })
      expect(ended?.['target']).to.match(/^gra_/)
    })

    it('has who ended a grant', async () => {
      await test.exchange(web, await test.authorize(web))
      const { target } = await test.newest('authorize.allowed')
      await test.manage('delete', `/grants/${target}`).expect(204)
      expect(await test.newest('grant.revoked')).to.deep.equal({
        ...{ type: 'grant.revoked', target, client_id: web, user: 'ada', audience: AUDIENCE, ...BY },
      })
    })

    it('has who removed a consent, and what rested on it', async () => {
      const now = new Date(test.clock.time)
      const { consents, grants } = test.server.context.records
      const own = { account: 'default', revision: 1, createdAt: now, updatedAt: now, user: 'ada', client_id: web }
      const about = { ...own, audience: AUDIENCE, api_id: apiId, scope: ['read:users'] }
      await consents.insert({ ...about, id: 'con_1', key: 'k1' })
      await grants.insert({ ...about, id: 'gra_1', consent_id: 'con_1', expires_at: new Date(now.getTime() + 1000) })
      await test.manage('delete', '/consents/con_1').expect(204)
      const whose = { client_id: web, user: 'ada', audience: AUDIENCE, ...BY }
      expect(await test.newest('consent.deleted')).to.deep.equal({ type: 'consent.deleted', target: 'con_1', ...whose })
      expect(await test.newest('grant.revoked')).to.deep.equal({ type: 'grant.revoked', target: 'gra_1', ...whose })
    })
  })

  describe('of the management API', () => {
    it('has what an API was made with, what changed, and what it was when it went', async () => {
      const target = await test.makeApi({ identifier: 'https://orders.example', description: 'Orders' })
      const made = await test.newest('api.created')
      expect(made).to.include({ type: 'api.created', target, ...BY })
      expect(made['changes']).to.deep.include({ field: 'identifier', before: null, after: 'https://orders.example' })
      const fields = (made['changes'] as Body[]).map(({ field }) => field)
      expect(fields).to.include('permissions').and.not.to.include.members(['id', 'createdAt'])

      await test.manage('post', `/apis/${target}`, { token_lifetime: 3600, permissions: [], name: 'API' }).expect(200)
      expect(await test.newest('api.updated')).to.deep.equal({
        ...{ type: 'api.updated', target, ...BY },
        changes: [
          { field: 'permissions', before: [{ value: 'read:users' }, { value: 'write:users' }], after: [] },
          { field: 'token_lifetime', before: 86_400, after: 3600 },
        ],
      })

      await test.manage('delete', `/apis/${target}`).expect(204)
      const gone = await test.newest('api.deleted')
      expect(gone).to.include({ type: 'api.deleted', target, ...BY })
      expect(gone['changes']).to.deep.include({ field: 'description', before: 'Orders', after: null })
    })

    const without = [
      { description: 'names nothing', update: {} },
      { description: 'names what is there already', update: { name: 'API', token_lifetime: 86_400 } },
    ]
    for (const { description, update } of without) {
      it(`has nothing of an update that ${description}`, async () => {
        const before = await test.logs('')
        await test.manage('post', `/apis/${apiId}`, update).expect(200)
        expect(await test.logs('')).to.deep.equal(before)
      })
    }

    const refused = [
      { description: 'is not valid', update: { token_lifetime: 1 }, status: 400 },
      { description: 'comes too late', update: { token_lifetime: 60 }, status: 412, match: '"99"' },
    ]
    for (const { description, update, status, match } of refused) {
      it(`has nothing of an update that ${description}`, async () => {
        const before = await test.logs('')
        const call = test.manage('post', `/apis/${apiId}`, update)
        await (match === undefined ? call : call.set('if-match', match)).expect(status)
        expect(await test.logs('')).to.deep.equal(before)
      })
    }

    it('has clients and their secrets, never what is secret', async () => {
      const { id } = await test.makeClient({ name: 'Short-lived' })
      expect(await test.newest('client.created')).to.include({ type: 'client.created', target: id, ...BY })
      expect(await test.logs(`type:secret.created client_id:${id}`)).to.deep.equal([])

      const { body } = await test.manage('post', `/clients/${id}/secrets`).expect(201)
      expect(await test.newest('secret.created')).to.deep.equal({
        ...{ type: 'secret.created', client_id: id, target: body.id, ...BY },
      })
      await test.manage('delete', `/clients/${id}/secrets/${body.id}`).expect(204)
      expect(await test.newest('secret.deleted')).to.deep.equal({
        ...{ type: 'secret.deleted', client_id: id, target: body.id, ...BY },
      })
      expect(await test.logs(`type:client.updated target:${id}`)).to.deep.equal([])

      await test.manage('post', `/clients/${id}`, { description: 'x' }).expect(200)
      expect((await test.newest('client.updated'))['changes']).to.deep.equal([
        { field: 'description', before: null, after: 'x' },
      ])
      await test.manage('delete', `/clients/${id}`).expect(204)
      expect(await test.newest('client.deleted')).to.include({ type: 'client.deleted', target: id, ...BY })
    })

    it('has the secrets that a client loses by becoming public', async () => {
      const { id } = await test.makeClient({ application_type: 'web' })
      await test.manage('post', `/clients/${id}`, { token_endpoint_auth_method: 'none' }).expect(200)
      expect(await test.logs(`type:secret.deleted client_id:${id}`)).to.have.length(1)
      expect(await test.logs(`type:client.updated target:${id}`)).to.have.length(1)
    })

    it('has long values shortened, with a mark', async () => {
      const id = await test.makeApi({ identifier: 'https://long.example' })
      const permissions = Array.from({ length: 200 }, (_, i) => ({
        value: `ü:${i}`.replace('ü', 'u'),
        description: 'ü',
      }))
      await test.manage('post', `/apis/${id}`, { permissions }).expect(200)
      const [change] = (await test.newest('api.updated'))['changes'] as Body[]
      expect(change?.['after'])
        .to.be.a('string')
        .and.to.match(/^\[\{"value":"u:0".*…$/)
      expect(Buffer.byteLength(String(change?.['after']))).to.be.within(1000, 1024)
    })

    it('has what was refused, and to whom', async () => {
      await request(test.app).get('/apis').expect(401)
      const anonymous = { type: 'admin.refused', scope: ['read:apis'], code: 'unauthorized', ...FROM }
      expect(await test.newest('admin.refused')).to.deep.equal({ ...anonymous, detail: 'no_credential' })
      await request(test.app).get('/apis').set('authorization', 'Bearer abc').expect(401)
      expect(await test.newest('admin.refused')).to.deep.equal({ ...anonymous, detail: 'not_three_parts' })

      const grants = [{ audience: 'urn:scopegate:management', scope: ['read:apis'] }]
      const narrow = await test.makeClient({ api_grants: grants })
      const login = { grant_type: 'client_credentials', client_id: narrow.id, client_secret: narrow.secret }
      const { body } = await test.postToken(login).expect(200)
      const authorization = `Bearer ${body.access_token}`
      await request(test.app).delete(`/clients/${client.id}`).set({ authorization }).expect(403)
      expect(await test.newest('admin.refused')).to.deep.equal({
        ...{ type: 'admin.refused', scope: ['delete:clients'], code: 'insufficient_scope', detail: 'scope_missing' },
        ...{ actor: narrow.id, ...FROM },
      })

      const [system] = (await test.manage('get', '/apis').query({ query: 'is_system:true' })).body.results
      await test.manage('delete', `/apis/${system.id}`).expect(403)
      expect(await test.newest('admin.refused')).to.deep.equal({
        ...{ type: 'admin.refused', scope: ['delete:apis'], code: 'system_resource', ...BY },
      })
    })

    it('has the signing key that was made', async () => {
      const { events } = test
      for (const { kid, account } of events.filter(({ type }) => type === 'key.created')) {
        expect(await test.logs(`type:key.created target:${kid}`)).to.have.length(1)
        expect(account).to.equal('default')
      }
    })
  })

  it('other events carry the code of the wire too', async () => {
    const of = (type: string) => test.events.filter(event => event.type === type).at(-1)
    const asClient = { client_id: client.id, client_secret: 'wrong', token: 'x' }
    await request(test.app).post('/oauth/introspect').type('form').send(asClient).expect(401)
    expect(of('request.refused')).to.include({ endpoint: 'introspection', code: 'invalid_client' })
    await request(test.app).get('/userinfo').expect(401)
    expect(of('request.refused')).to.include({ endpoint: 'userinfo', code: 'unauthorized', detail: 'no_credential' })
  })

  it('is told to the host as well, in the same words', async () => {
    const types = new Set((await test.logs('')).map(({ type }) => type))
    for (const type of types) expect(LOG_TYPES, String(type)).to.include(type)
    for (const type of types) expect(test.events.map(event => event.type)).to.include(type)
  })
})

describeStores('the log of a stranger', engine => {
  let test: Logged
  let web: string
  let client: { id: string; secret: string }

  before(async () => {
    test = await startLogged(engine)
    await test.makeApi()
    web = (await test.makeClient(WEB)).id
    client = await test.makeClient()
  })
  after(() => test.close())

  const app = { grant_type: 'client_credentials', audience: AUDIENCE }
  const asks: { description: string; type: string; ask: (i: number) => PromiseLike<unknown>; isBounded?: boolean }[] = [
    {
      description: 'calls of the management API without a token',
      type: 'admin.refused',
      ask: () => request(test.app).get('/apis').expect(401),
    },
    {
      description: 'made up tokens in the name of a public client',
      type: 'token.refused',
      ask: i => test.postToken({ grant_type: 'refresh_token', client_id: web, refresh_token: `x${i}` }).expect(400),
    },
    {
      description: 'wrong secrets of a client, where no limit counts them',
      type: 'token.refused',
      ask: () => test.postToken({ ...app, client_id: client.id, client_secret: 'x' }).expect(401),
    },
    {
      description: 'clients that do not exist',
      type: 'token.refused',
      ask: i => test.postToken({ ...app, client_id: `cli_${i}`, client_secret: 'x' }).expect(401),
    },
    {
      description: 'authorization requests in the name of a client',
      type: 'authorize.denied',
      ask: () => test.authorize(web, { scope: 'nothing:here' }),
    },
    {
      description: 'no stranger: a client with its secret',
      type: 'token.refused',
      ask: () =>
        test.postToken({ ...app, client_id: client.id, client_secret: client.secret, scope: 'no:such' }).expect(400),
      isBounded: false,
    },
  ]
  for (const { description, type, ask, isBounded = true } of asks) {
    it(`${isBounded ? 'has 100 records' : 'is complete'} in a minute, and goes on afterwards: ${description}`, async () => {
      test.clock.time += 60_000
      const since = () => `type:${type} createdAt:>=${new Date(test.clock.time).toISOString()}`
      const told = () => test.events.filter(event => event.type === type).length
      const before = told()
      for (let i = 0; i < 110; i++) await ask(i)
      expect(await test.logs(since())).to.have.length(isBounded ? 100 : 110)
      test.clock.time += 60_000
      await ask(110)
      expect(await test.logs(since())).to.have.length(1)
      expect(told() - before).to.equal(111)
    })
  }
})

describeStores('the log of a store that refuses', engine => {
  it('fails and delays no request, and says once how much was lost', async () => {
    const test = await startLogged(engine)
    const { log, records } = test.server.context
    await log.settled()
    const insertMany = records.logs.insertMany.bind(records.logs)
    let release: () => void = () => undefined
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    records.logs.insertMany = async () => {
      await held
      throw new StoreUnavailableError('the store is down')
    }
    await test.makeApi()
    const writing = log.settled()
    await test.makeClient()
    release()
    await writing
    expect(await test.logs('type:api.created')).to.deep.equal([])
    const dropped = () => test.events.filter(({ type }) => type === 'log.dropped')
    expect(dropped()).to.deep.equal([])

    records.logs.insertMany = insertMany
    await test.makeClient()
    while (log.queued > 0 || dropped().length === 0) await new Promise(resolve => setTimeout(resolve, 10))
    expect(await test.logs('type:client.created')).not.to.have.length(0)
    expect(dropped()).to.have.length(1)
    expect(dropped()[0]).to.include({ count: log.dropped }).and.to.have.property('cause')
    await test.close()
  })
})

describeStores('logRetention', engine => {
  it('keeps records for as many days, and no longer', async () => {
    const test = await startLogged(engine, { logRetention: 2 })
    await test.makeApi()
    const { records } = test.server.context
    const count = async () => (await records.logs.find('default', { limit: 200 })).records.length
    await test.logs('')
    expect(await count()).to.be.above(0)
    test.clock.time += 2 * 86_400_000 - 1
    expect(await count()).to.be.above(0)
    test.clock.time += 1
    expect(await count()).to.equal(0)
    expect(await records.logs.removeExpired()).to.be.above(0)
    await test.close()
  })

  it('of 0 keeps nothing, and the events go on', async () => {
    const test = await startLogged(engine, { logRetention: 0 })
    await test.makeApi()
    expect(test.events.map(({ type }) => type)).to.include('api.created')
    expect(await test.logs('')).to.deep.equal([])
    expect(test.server.context.log.isOn).to.equal(false)
    await test.close()
  })

  it('what is queued is written when the server closes', async () => {
    const store = await engine.open()
    const shared = {
      ...store,
      collection: store.collection.bind(store),
      ping: store.ping.bind(store),
      close: async () => {},
    }
    const server = await authorizationServer({ issuer: ISSUER, store: shared })
    const { records, emit } = server.context
    emit({ type: 'secret.created', account: 'default', clientId: 'cli_1', target: 'sec_1' })
    await server.close()
    const { records: found } = await records.logs.find('default', { limit: 10 })
    expect(found.map(({ target }) => target)).to.include('sec_1')
    await store.close()
  })
})
