import { expect } from 'chai'
import request from 'supertest'
import { ManagementError } from '../../../lib/index.js'
import { describeStores } from '../../support/stores.js'
import { AUDIENCE, USER, type UserServer, userServer } from '../../support/user-tokens.js'

const MANAGER = ['read:consents', 'delete:consents']

describeStores('management of consents', engine => {
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
  const list = async (query = '') =>
    (await get(`/consents?query=${encodeURIComponent(query)}`).expect(200)).body.results

  it('shows who allowed whom what, and no more', async () => {
    const consent = await test.addConsent({ api_id: 'api_1' })
    const { body, headers, text } = await get(`/consents/${consent.id}`).expect(200)
    expect(body).to.deep.equal({
      ...{ id: consent.id, user: USER, client_id: 'cli_app', audience: AUDIENCE, scope: ['read:users'] },
      ...{ createdAt: '2026-03-01T12:00:00.000Z', updatedAt: '2026-03-01T12:00:00.000Z' },
    })
    expect(headers).to.include({ etag: '"1"', 'cache-control': 'no-store' })
    expect(text).not.to.include(consent.key)
    expect(await list()).to.deep.equal([body])
  })

  it('is found by every field that is shown, and by words', async () => {
    await test.addConsent({ user: 'grace', client_id: 'cli_2', audience: 'urn:x:y', scope: ['a'] })
    const { id } = await test.addConsent()
    for (const query of [
      ...[`id:${id}`, `user:${USER}`, 'client_id:cli_app', `audience:${AUDIENCE}`, 'scope:read:users', 'EXAMPLE.com'],
      ...['createdAt:>=2026-03-01 user!:grace', 'updatedAt:<2026-03-02 ada'],
    ]) {
      const found = await list(query)
      expect(
        found.map((row: { id: string }) => row.id),
        query,
      ).to.deep.equal([id])
    }
  })

  for (const query of ['key:x', 'api_id:x', 'account:default', 'user:>a']) {
    it(`cannot be searched by ${query}`, async () => {
      const { body } = await get(`/consents?query=${encodeURIComponent(query)}`).expect(400)
      expect(body.error_code).to.equal('invalid_query')
    })
  }

  async function settle() {
    const { id } = await test.addConsent()
    for (const [name, fields] of Object.entries({
      first: { consent_id: id },
      second: { consent_id: id, client_id: 'cli_2' },
      other: { consent_id: 'con_0' },
      none: {},
      foreign: { consent_id: id, account: 'other' },
    })) {
      await test.addGrant({ ...fields, id: `gra_${name}` })
    }
    return id
  }
  const grantsOf = async (account: string) =>
    (await test.server.context.records.grants.find(account, { limit: 10 })).records.map(({ id }) => id).sort()

  it('deleted, it takes along the grants that rest on it, and no others', async () => {
    const id = await settle()
    await remove(`/consents/${id}`).expect(204)
    await get(`/consents/${id}`).expect(404)
    expect(await grantsOf('default')).to.deep.equal(['gra_none', 'gra_other'])
    expect(await grantsOf('other')).to.deep.equal(['gra_foreign'])
    const ended = test.events.filter(({ type }) => type === 'grant.revoked').map(({ grantId }) => grantId)
    expect(ended).to.have.members(['gra_first', 'gra_second'])
  })

  it('a deletion that failed halfway is completed by another call', async () => {
    const id = await settle()
    await test.server.context.records.consents.remove('default', id)
    await remove(`/consents/${id}`).expect(404)
    expect(await grantsOf('default')).to.deep.equal(['gra_none', 'gra_other'])
  })

  it('If-Match binds a deletion to what was seen', async () => {
    const id = await settle()
    await remove(`/consents/${id}`).set('if-match', '"2"').expect(412)
    expect(await grantsOf('default')).to.have.length(4)
    await remove(`/consents/${id}`).set('if-match', '"1"').expect(204)
  })

  const refusals: { description: string; send: () => request.Test; status: number }[] = [
    { description: 'an unknown id', send: () => get('/consents/con_0'), status: 404 },
    { description: 'an unknown id to delete', send: () => remove('/consents/con_0'), status: 404 },
    { description: 'a malformed id', send: () => get('/consents/%00'), status: 404 },
    { description: 'a creation', send: () => request(test.app).post('/consents').send({}), status: 405 },
    { description: 'an update', send: () => request(test.app).post('/consents/con_0').send({}), status: 405 },
    { description: 'an unknown parameter', send: () => get('/consents?user=ada'), status: 400 },
  ]
  for (const { description, send, status } of refusals) {
    it(`refuses ${description} with ${status}`, async () => {
      const { body } = await send().expect(status)
      expect(body.status).to.equal(status)
    })
  }

  const demands: { method: 'get' | 'delete'; path: string; scope: string }[] = [
    { method: 'get', path: '/consents', scope: 'read:consents' },
    { method: 'get', path: '/consents/con_1', scope: 'read:consents' },
    { method: 'delete', path: '/consents/con_1', scope: 'delete:consents' },
  ]
  for (const { method, path, scope } of demands) {
    it(`${method} ${path} needs ${scope}`, async () => {
      await test.addConsent({ id: 'con_1' })
      scopes = MANAGER.filter(own => own !== scope)
      await request(test.app)[method](path).expect(403)
      scopes = [scope]
      expect((await request(test.app)[method](path)).status).to.be.below(300)
    })
  }

  it('nothing of another account is shown or deleted', async () => {
    const { id } = await test.addConsent({ account: 'other' })
    expect(await list()).to.deep.equal([])
    await get(`/consents/${id}`).expect(404)
    await remove(`/consents/${id}`).expect(404)
    expect(await test.server.context.records.consents.get('other', id)).not.to.equal(null)
  })
})
