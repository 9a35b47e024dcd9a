import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { createUsage } from '../../../lib/authorization-server/log/usage.js'
import { authorizationServer } from '../../../lib/authorization-server/index.js'
import { describeStores } from '../../support/stores.js'
import { AUDIENCE, ISSUER } from '../fixtures.js'
import { type Logged, MANAGER, startLogged, WEB } from '../log-fixture.js'

const DAY = 86_400_000

describeStores('GET /apis/:apis_id/usage', engine => {
  let test: Logged
  let apiId: string
  let client: { id: string; secret: string }

  beforeEach(async () => {
    test = await startLogged(engine)
    apiId = await test.makeApi()
    client = await test.makeClient()
  })
  afterEach(() => test.close())

  const issue = (scope = '') =>
    test.postToken({
      ...{ grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret, audience: AUDIENCE },
      ...(scope !== '' && { scope }),
    })

  async function usage(id = apiId): Promise<Record<string, number>> {
    // A token of its own: the clock goes on, and the first one ends.
    const login = { grant_type: 'client_credentials', client_id: MANAGER.id, client_secret: MANAGER.secret }
    const { access_token } = (await test.postToken(login).expect(200)).body
    const call = request(test.app).get(`/apis/${id}/usage`)
    const { body } = await call.set('authorization', `Bearer ${access_token}`).expect(200)
    return Object.fromEntries(body.results.map((row: { value: string; granted: number }) => [row.value, row.granted]))
  }

  it('says of each permission in how many access tokens it was granted', async () => {
    expect(await usage()).to.deep.equal({ 'read:users': 0, 'write:users': 0 })
    await issue().expect(200)
    await issue('read:users').expect(200)
    await issue('read:users').expect(200)
    await issue('nothing:here').expect(400)
    expect(await usage()).to.deep.equal({ 'read:users': 3, 'write:users': 1 })
    await issue('write:users').expect(200)
    expect(await usage()).to.deep.equal({ 'read:users': 3, 'write:users': 2 })
  })

  it('counts tokens of users, each refresh too, and nothing of OpenID Connect', async () => {
    const { id } = await test.makeClient(WEB)
    const tokens = await test.exchange(id, await test.authorize(id, { scope: 'openid read:users offline_access' }))
    const refresh = { grant_type: 'refresh_token', client_id: id, refresh_token: String(tokens['refresh_token']) }
    await test.postToken(refresh).expect(200)
    expect(await usage()).to.deep.equal({ 'read:users': 2, 'write:users': 0 })
  })

  it('counts no scope that is none of the API’s, where it enforces no policies', async () => {
    await test.manage('post', `/apis/${apiId}`, { enforce_policies: false }).expect(200)
    await issue('read:users __proto__ made:up').expect(200)
    expect(await usage()).to.deep.equal({ 'read:users': 1, 'write:users': 0 })
    const { records } = await test.server.context.records.apiUsage.find('default', { limit: 10 })
    expect(JSON.stringify(records)).not.to.include('made:up')
  })

  const ages = [
    { days: 0, counts: true },
    { days: 29.9, counts: true },
    { days: 30, counts: true },
    { days: 31, counts: false },
    { days: 400, counts: false },
  ]
  for (const { days, counts } of ages) {
    it(`${counts ? 'counts' : 'forgets'} what was granted ${days} days ago`, async () => {
      await issue('read:users').expect(200)
      await test.server.context.log.usageOf('default', apiId)
      test.clock.time += days * DAY
      await issue('write:users').expect(200)
      expect(await usage()).to.deep.equal({ 'read:users': counts ? 1 : 0, 'write:users': 1 })
      const { apiUsage } = test.server.context.records
      expect((await apiUsage.removeExpired()) > 0).to.equal(!counts)
    })
  }

  it('adds up what two processes count at once', async () => {
    const { clock, records, registry } = test.server.context
    const counters = [1, 2].map(() => createUsage({ records: records.apiUsage, registry, clock }))
    for (let round = 0; round < 10; round++) {
      for (const counter of counters) {
        counter.count({ account: 'default', audience: AUDIENCE, scope: 'read:users' }, clock.now())
      }
      await Promise.all(counters.map(counter => counter.settled()))
    }
    expect(await usage()).to.deep.equal({ 'read:users': 20, 'write:users': 0 })
  })

  it('keeps a record small however often the permissions change, and what is counted of those that stay', async () => {
    const context = test.server.context
    const present = await context.records.apis.get('default', apiId)
    if (present === null) throw new Error('there is no API')
    let api = present
    const registry = { api: () => api }
    const counter = createUsage({ records: context.records.apiUsage, registry, clock: context.clock })
    for (let round = 0; round < 5; round++) {
      const values = ['read:users', ...Array.from({ length: 999 }, (_, i) => `${round}:${i}`)]
      api = { ...present, permissions: values.map(value => ({ value })) }
      counter.count({ account: 'default', audience: AUDIENCE, scope: values.join(' ') }, context.clock.now())
      await counter.settled()
    }
    const { records } = await context.records.apiUsage.find('default', { limit: 10 })
    const own = records.find(record => record.api_id === apiId)
    expect(own?.granted).to.have.length.within(1_000, 2_000)
    expect(own?.granted).to.deep.include({ value: 'read:users', count: 5 })
    expect(own?.granted).to.deep.include({ value: '4:998', count: 1 })
  })

  it('is of the API, not of another one that is registered under its identifier later', async () => {
    await issue().expect(200)
    await test.manage('delete', `/apis/${apiId}`).expect(204)
    expect(await usage(await test.makeApi())).to.deep.equal({ 'read:users': 0, 'write:users': 0 })
  })

  it('is 404 for an API that is not there', async () => {
    await test.manage('get', '/apis/api_1/usage').expect(404)
    await test.manage('post', `/apis/${apiId}/usage`, {}).expect(405)
  })

  it('is 404, with the reason, where there is no log', async () => {
    const server = await authorizationServer({
      ...{ issuer: ISSUER, store: await engine.open(), logRetention: 0 },
      authorizeAdmin: () => ({ scopes: [] }),
    })
    const app = express().use(server.adminRouter)
    const { body } = await request(app).post('/apis').send({ name: 'A', identifier: AUDIENCE }).expect(201)
    const answer = await request(app).get(`/apis/${body.id}/usage`).expect(404)
    expect(answer.body).to.include({ error_code: 'not_found' })
    expect(answer.body.message).to.include('logRetention')
    await server.close()
  })
})
