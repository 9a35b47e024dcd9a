import { expect } from 'chai'
import request from 'supertest'
import { ManagementError } from '../../../lib/index.js'
import { describeStores } from '../../support/stores.js'
import { addFamily, AUDIENCE, START, USER, type UserServer, userServer } from '../../support/user-tokens.js'

const MANAGER = ['read:grants', 'delete:grants', 'delete:apis', 'delete:clients', 'update:clients']

describeStores('management of grants', engine => {
  let test: UserServer
  let scopes: string[]
  beforeEach(async () => {
    scopes = MANAGER
    test = await userServer(engine, {
      authorizeAdmin: (_req, scope) => {
        if (!scopes.includes(scope)) throw new ManagementError('insufficient_scope', 'no')
        return { scopes }
      },
    })
  })
  afterEach(() => test.server.close())

  const get = (path: string) => request(test.app).get(path)
  const remove = (path: string) => request(test.app).delete(path)
  const list = async (query = '') => (await get(`/grants?query=${encodeURIComponent(query)}`).expect(200)).body.results
  const ids = async (query = '') => (await list(query)).map(({ id }: { id: string }) => id)

  it('shows what was authorized and until when, and nothing of tokens and claims', async () => {
    const secrets = { claims: '{"email":"ada@example.com"}', auth_time: 1, consent_id: 'con_1', previous_hash: 'x' }
    const { grant, token } = await addFamily(test, { api_id: 'api_1', rotated_at: new Date(START), ...secrets })
    const { body, headers, text } = await get(`/grants/${grant.id}`).expect(200)
    expect(body).to.deep.equal({
      ...{ id: grant.id, user: USER, client_id: 'cli_app', audience: AUDIENCE },
      scope: ['read:users', 'openid', 'offline_access'],
      ...{ createdAt: '2026-03-01T12:00:00.000Z', expiresAt: '2026-03-01T13:00:00.000Z' },
    })
    expect(headers).to.include({ etag: '"1"', 'cache-control': 'no-store' })
    for (const hidden of [token, grant.token_hash, grant.family_secret, 'ada@example.com']) {
      expect(text).not.to.include(hidden)
    }
    expect(await list()).to.deep.equal([body])
  })

  it('is found by every field that is shown, and by the consent it rests on', async () => {
    await test.addGrant({ user: 'grace', client_id: 'cli_2', audience: 'urn:x:y', scope: ['a'] })
    const { id } = await test.addGrant({ consent_id: 'con_1' })
    for (const query of [
      ...[`id:${id}`, `user:${USER}`, 'user:a*', 'client_id:cli_app', `audience:${AUDIENCE}`, 'scope:openid'],
      ...['consent_id:con_1', 'ADA'],
      ...['createdAt:>=2026-03-01 user:ada', 'expiresAt:<2026-03-02 user!:grace'],
    ]) {
      expect(await ids(query), query).to.deep.equal([id])
    }
  })

  for (const query of ['token_hash:x', 'family_secret:x', 'claims:x', 'api_id:x', 'account:default', 'revision:1']) {
    it(`cannot be searched by ${query}`, async () => {
      const { body } = await get(`/grants?query=${query}`).expect(400)
      expect(body.error_code).to.equal('invalid_query')
    })
  }

  it('is listed page by page, without those that have ended', async () => {
    const made: string[] = []
    for (let number = 0; number < 5; number++) made.unshift((await test.addGrant({ id: `gra_${number}` })).id)
    await test.addGrant({ expires_at: new Date(START) })
    const seen: string[] = []
    let next = ''
    do {
      const { body } = await get(`/grants?pageSize=2&next=${next}`).expect(200)
      seen.push(...body.results.map(({ id }: { id: string }) => id))
      next = body.next ?? ''
    } while (next !== '')
    expect(seen).to.deep.equal(made)
  })

  it('deleted, it ends: introspection knows nothing of it, and it is not there any more', async () => {
    const api = await test.addApi()
    await test.addClient()
    const { grant, token } = await addFamily(test, { api_id: api.id })
    const tokens = [token, await test.sign(grant)]
    const active = async () =>
      Promise.all(tokens.map(async value => (await test.post('/oauth/introspect', { token: value })).body.active))
    expect(await active()).to.deep.equal([true, true])
    await remove(`/grants/${grant.id}`).expect(204)
    expect(await active()).to.deep.equal([false, false])
    expect(test.events.filter(({ type }) => type === 'grant.revoked')).to.deep.equal([
      {
        ...{ type: 'grant.revoked', account: 'default', clientId: 'cli_app', grantId: grant.id, user: grant.user },
        ...{ audience: grant.audience, address: '127.0.0.1' },
      },
    ])
    await get(`/grants/${grant.id}`).expect(404)
    await remove(`/grants/${grant.id}`).expect(404)
  })

  it('If-Match binds a deletion to what was seen', async () => {
    const { id } = await test.addGrant()
    await remove(`/grants/${id}`).set('if-match', '"2"').expect(412)
    expect(await ids()).to.deep.equal([id])
    await remove(`/grants/${id}`).set('if-match', '"1"').expect(204)
  })

  const refusals: { description: string; send: () => request.Test; status: number }[] = [
    { description: 'an unknown id', send: () => get('/grants/gra_0'), status: 404 },
    { description: 'a malformed id', send: () => get('/grants/%00'), status: 404 },
    { description: 'what is below a grant', send: () => get('/grants/gra_0/tokens'), status: 404 },
    { description: 'a creation', send: () => request(test.app).post('/grants').send({}), status: 405 },
    { description: 'an update', send: () => request(test.app).post('/grants/gra_0').send({}), status: 405 },
    { description: 'a deletion of all', send: () => remove('/grants'), status: 405 },
    { description: 'an unknown parameter', send: () => get('/grants?user=ada'), status: 400 },
  ]
  for (const { description, send, status } of refusals) {
    it(`refuses ${description} with ${status}`, async () => {
      const { body } = await send().expect(status)
      expect(body.status).to.equal(status)
    })
  }

  const demands: { method: 'get' | 'delete'; path: string; scope: string }[] = [
    { method: 'get', path: '/grants', scope: 'read:grants' },
    { method: 'get', path: '/grants/gra_1', scope: 'read:grants' },
    { method: 'delete', path: '/grants/gra_1', scope: 'delete:grants' },
  ]
  for (const { method, path, scope } of demands) {
    it(`${method} ${path} needs ${scope}`, async () => {
      await test.addGrant({ id: 'gra_1' })
      scopes = MANAGER.filter(own => own !== scope)
      await request(test.app)[method](path).expect(403)
      scopes = [scope]
      expect((await request(test.app)[method](path)).status).to.be.below(300)
    })
  }

  it('nothing of another account is shown or ended', async () => {
    const { id } = await test.addGrant({ account: 'other' })
    expect(await ids()).to.deep.equal([])
    await get(`/grants/${id}`).expect(404)
    await remove(`/grants/${id}`).expect(404)
    expect(await test.server.context.records.grants.get('other', id)).not.to.equal(null)
  })

  describe('where what it rests on is deleted', () => {
    const kept = async () => {
      const { grants, consents } = test.server.context.records
      const page = { limit: 200 }
      const of = async (account: string) =>
        [...(await grants.find(account, page)).records, ...(await consents.find(account, page)).records].map(
          ({ id }) => id,
        )
      return { own: (await of('default')).sort(), other: (await of('other')).sort() }
    }

    /** Of an API, a client, another of each, and the same in another account. */
    async function settle() {
      const api = await test.addApi({ id: 'api_1' })
      await test.addClient({ id: 'cli_1' })
      for (const [name, account, api_id, client_id] of [
        ['both', 'default', 'api_1', 'cli_1'],
        ['api', 'default', 'api_1', 'cli_2'],
        ['client', 'default', 'api_2', 'cli_1'],
        ['neither', 'default', 'api_2', 'cli_2'],
        ['no_api', 'default', undefined, 'cli_2'],
        ['foreign', 'other', 'api_1', 'cli_1'],
      ] as const) {
        const about = { account, client_id, ...(api_id !== undefined && { api_id }) }
        await test.addGrant({ ...about, id: `gra_${name}` })
        await test.addConsent({ ...about, id: `con_${name}` })
      }
      return api
    }
    const both = (...names: string[]) => names.flatMap(name => [`con_${name}`, `gra_${name}`]).sort()

    it('an API takes its grants and consents along, and no others', async () => {
      await settle()
      await remove('/apis/api_1').expect(204)
      expect(await kept()).to.deep.equal({ own: both('client', 'neither', 'no_api'), other: both('foreign') })
    })

    it('a client does, too', async () => {
      await settle()
      await remove('/clients/cli_1').expect(204)
      expect(await kept()).to.deep.equal({ own: both('api', 'neither', 'no_api'), other: both('foreign') })
    })

    it('a refused deletion ends nothing', async () => {
      await settle()
      const before = await kept()
      await remove('/apis/api_1').set('if-match', '"7"').expect(412)
      await remove('/clients/cli_1').set('if-match', '"7"').expect(412)
      expect(await kept()).to.deep.equal(before)
    })

    it('a deletion that failed halfway leaves nothing that can be used, and is completed by another call', async () => {
      const api = await settle()
      await test.addClient({ id: 'cli_2' })
      const grant = await test.addGrant({ api_id: api.id, client_id: 'cli_2' })
      const token = await test.sign(grant)
      const active = async () => (await test.post('/oauth/introspect', { token }, 'cli_2')).body.active
      expect(await active()).to.equal(true)
      await test.server.context.records.apis.remove('default', api.id)
      test.server.context.registry.apiChanged('default', AUDIENCE)
      expect(await active()).to.equal(false)
      // The same identifier again is another API.
      await test.addApi()
      test.server.context.registry.apiChanged('default', AUDIENCE)
      expect(await active()).to.equal(false)
      await remove('/apis/api_1').expect(404)
      expect((await kept()).own).to.deep.equal(both('client', 'neither', 'no_api'))
    })

    it('hundreds of grants end with one deletion', async () => {
      await test.addApi({ id: 'api_1' })
      await Promise.all(Array.from({ length: 250 }, () => test.addGrant({ api_id: 'api_1' })))
      await remove('/apis/api_1').expect(204)
      expect((await kept()).own).to.deep.equal([])
      expect(test.events.filter(({ type }) => type === 'grant.revoked')).to.have.length(250)
    })
  })
})
