import { expect } from 'chai'
import express, { type Express } from 'express'
import { decodeJwt } from 'jose'
import request from 'supertest'
import {
  accountsByPath,
  type AuthorizationServer,
  authorizationServer,
  type CreatedManagementClient,
} from '../../lib/authorization-server/index.js'
import { describeStores } from '../support/stores.js'
import { API } from '../support/tour.js'
import { documented } from '../support/documented.js'

interface Tenant {
  base: string
  token: string
  api: string
  client: string
  clientSecret: string
  secret: string
  /** Of its log. */
  log: string
  /** The key that signs. */
  kid: string
  cursor: string
}

describeStores('isolation of accounts', engine => {
  let app: Express
  let server: AuthorizationServer
  let acme: Tenant
  let globex: Tenant

  before(async () => {
    const accounts = accountsByPath('http://localhost:3000', ['acme', 'globex'])
    server = documented(await authorizationServer({ accounts, store: await engine.open() }))
    app = express()
    app.use(server.router)
    app.use(server.adminRouter)
    const made = server.takeManagementClients()
    acme = await settle('acme', API.identifier, made)
    globex = await settle('globex', 'https://globex.example', made)
  })
  after(() => server.close())

  async function settle(name: string, identifier: string, made: CreatedManagementClient[]): Promise<Tenant> {
    const base = `/t/${name}`
    const own = made.find(({ account }) => account === name)
    const login = await getToken(base, own?.clientId ?? '', own?.clientSecret ?? '', {})
    const token = login.body.access_token
    const post = (path: string, body: object) =>
      request(app)
        .post(base + path)
        .set('authorization', `Bearer ${token}`)
        .send(body)
        .expect(201)
    const api = await post('/apis', { ...API, identifier })
    await post('/apis', { ...API, identifier: `${identifier}/2` })
    const client = await post('/clients', { name: 'Service' })
    const read = await request(app).get(`${base}/clients/${client.body.id}`).set('authorization', `Bearer ${token}`)
    const get = (path: string) =>
      request(app)
        .get(base + path)
        .set('authorization', `Bearer ${token}`)
        .expect(200)
    const list = await get('/apis?pageSize=1')
    const logs = await get('/logs')
    const keys = await get('/keys')
    return {
      base,
      token,
      api: api.body.id,
      client: client.body.id,
      clientSecret: client.body.client_secret,
      secret: read.body.secrets[0].id,
      log: logs.body.results[0].id,
      kid: keys.body.results[0].kid,
      cursor: list.body.next,
    }
  }

  const getToken = (base: string, id: string, secret: string, parameters: object) =>
    request(app)
      .post(`${base}/oauth/token`)
      .auth(id, secret)
      .type('form')
      .send({ grant_type: 'client_credentials', ...parameters })

  const routes: { method: 'get' | 'post' | 'delete'; path: (of: Tenant) => string; body?: object }[] = [
    { method: 'get', path: of => `/apis/${of.api}` },
    { method: 'post', path: of => `/apis/${of.api}`, body: { description: 'taken over' } },
    { method: 'delete', path: of => `/apis/${of.api}` },
    { method: 'get', path: of => `/clients/${of.client}` },
    { method: 'post', path: of => `/clients/${of.client}`, body: { name: 'taken over' } },
    { method: 'delete', path: of => `/clients/${of.client}` },
    { method: 'post', path: of => `/clients/${of.client}/secrets`, body: {} },
    { method: 'delete', path: of => `/clients/${of.client}/secrets/${of.secret}` },
    { method: 'post', path: of => `/apis/${of.api}?dry_run=true`, body: { permissions: [] } },
    { method: 'delete', path: of => `/apis/${of.api}?dry_run=true` },
    { method: 'post', path: of => `/clients/${of.client}?dry_run=true`, body: { grant_types: [] } },
    { method: 'delete', path: of => `/clients/${of.client}?dry_run=true` },
    { method: 'post', path: of => `/apis/${of.api}/preview`, body: { client_id: 'cli_0' } },
    { method: 'get', path: of => `/apis/${of.api}/usage` },
    { method: 'get', path: of => `/logs/${of.log}` },
    { method: 'delete', path: of => `/keys/${of.kid}?replace=true` },
  ]
  for (const { method, path, body } of routes) {
    const name = path({ api: ':api', client: ':client', secret: ':secret', log: ':id', kid: ':kid' } as Tenant)
    const call = (base: string, at: string, token: string) =>
      request(app)
        [method](base + at)
        .set('authorization', `Bearer ${token}`)
        .send(body)

    it(`${method} ${name}: another account's id is answered as one that does not exist`, async () => {
      const nowhere = { ...globex, api: 'api_0', client: 'cli_0', secret: 'sec_0', log: 'log_0', kid: 'k0' }
      const answer = await call(acme.base, path(globex), acme.token).expect(404)
      const unknown = await call(acme.base, path(nowhere), acme.token).expect(404)
      expect(answer.body).to.deep.equal(unknown.body)
    })

    it(`${method} ${name}: another account's token is a bad one, and none is none`, async () => {
      await call(acme.base, path(acme), globex.token).expect(401)
      await request(app)
        [method](acme.base + path(acme))
        .send(body)
        .expect(401)
    })
  }

  it('preview knows no client of another account, which is answered as one that does not exist', async () => {
    const preview = (client_id: string) =>
      request(app)
        .post(`${acme.base}/apis/${acme.api}/preview`)
        .set('authorization', `Bearer ${acme.token}`)
        .send({ client_id })
        .expect(404)
    expect((await preview(globex.client)).body).to.deep.equal((await preview('cli_0')).body)
  })

  it('GET /keys shows the own keys alone', async () => {
    const answer = await request(app).get(`${acme.base}/keys`).set('authorization', `Bearer ${acme.token}`).expect(200)
    expect(answer.text).not.to.include(globex.kid)
  })

  for (const path of ['/apis', '/clients', '/logs']) {
    it(`GET ${path} shows the own rows alone, and takes no cursor of another account`, async () => {
      const call = (query: string) =>
        request(app)
          .get(acme.base + path + query)
          .set('authorization', `Bearer ${acme.token}`)
      const { text } = await call('?pageSize=200').expect(200)
      expect(text).not.to.include('globex')
      expect(text).not.to.include(globex.client)
      await call(`?pageSize=1&next=${globex.cursor}`).expect(400)
    })
  }

  for (const path of ['/apis', '/clients', '/keys/rotate']) {
    it(`POST ${path} with another account's token makes nothing`, async () => {
      await request(app)
        .post(acme.base + path)
        .set('authorization', `Bearer ${globex.token}`)
        .send(API)
        .expect(401)
    })
  }

  it("does not know another account's client, with its right secret", async () => {
    const answer = await getToken(acme.base, globex.client, globex.clientSecret, { audience: API.identifier })
    const unknown = await getToken(acme.base, 'cli_0', globex.clientSecret, { audience: API.identifier })
    expect(answer.status).to.equal(401)
    expect(answer.body).to.deep.equal(unknown.body)
  })

  it("does not know another account's audience", async () => {
    const parameters = { audience: 'https://globex.example' }
    const answer = await getToken(acme.base, acme.client, acme.clientSecret, parameters)
    const unknown = await getToken(acme.base, acme.client, acme.clientSecret, { audience: 'urn:no:such' })
    expect(answer.status).to.equal(400)
    expect(answer.body).to.deep.equal(unknown.body)
  })

  it('signs with keys of its own, in its own name, whatever the Host header says', async () => {
    const kids = await Promise.all(
      [acme, globex].map(
        async ({ base }) => (await request(app).get(`${base}/.well-known/jwks.json`)).body.keys[0].kid,
      ),
    )
    expect(kids[0]).not.to.equal(kids[1])
    for (const [tenant, audience] of [
      [acme, API.identifier],
      [globex, 'https://globex.example'],
    ] as const) {
      const answer = await getToken(tenant.base, tenant.client, tenant.clientSecret, { audience })
        .set('host', 'evil.example')
        .set('x-forwarded-host', 'evil.example')
      const { iss, account } = decodeJwt(answer.body.access_token)
      expect(iss).to.equal(`http://localhost:3000${tenant.base}`)
      expect(account).to.equal(tenant.base.slice('/t/'.length))
    }
  })
})
