import { expect } from 'chai'
import type { Express } from 'express'
import request from 'supertest'
import { StoreUnavailableError } from '../../../lib/errors.js'
import type { AuthorizationServer } from '../../../lib/authorization-server/index.js'
import { adminApp } from '../../support/admin-app.js'
import { setClock } from '../../support/set-clock.js'
import { describeStores } from '../../support/stores.js'

describeStores('management of clients', engine => {
  const clock = setClock()
  let app: Express
  let server: AuthorizationServer
  beforeEach(async () => {
    ;({ app, server } = await adminApp(engine, { scopes: ['read:apis', 'update:clients'], clock }))
  })
  afterEach(() => server.close())

  const create = (body: object) =>
    request(app)
      .post('/clients')
      .send({ name: 'Service', ...body })
  const token = (id: string, secret: string) =>
    request(app)
      .post('/oauth/token')
      .auth(id, secret)
      .type('form')
      .send({ grant_type: 'client_credentials', audience: 'https://none.example' })

  it('shows the secret in the answer of the creation alone', async () => {
    const { body } = await create({}).expect(201)
    expect(body.client_secret).to.match(/^[A-Za-z0-9_-]{43}$/)
    expect(body.id).to.equal(body.client_id)
    const read = await request(app).get(`/clients/${body.id}`).expect(200)
    const list = await request(app).get('/clients').expect(200)
    const update = await request(app).post(`/clients/${body.id}`).send({ name: 'Other' }).expect(200)
    for (const { text } of [read, list, update]) {
      expect(text).not.to.include(body.client_secret)
      expect(text).not.to.match(/hash|client_secret"/)
    }
    expect(read.body.secrets).to.have.length(1)
    expect(read.body.secrets[0]).to.deep.include({ expires_at: null, last_used_at: null })
  })

  const refused: { description: string; body: object; field: string }[] = [
    { description: 'no name', body: { name: undefined }, field: 'name' },
    { description: 'an own id', body: { client_id: 'x' }, field: 'client_id' },
    { description: 'an own secret', body: { client_secret: 'x' }, field: 'client_secret' },
    { description: 'an unknown grant', body: { grant_types: ['password'] }, field: 'grant_types' },
    { description: 'a public machine', body: { token_endpoint_auth_method: 'none' }, field: 'grant_types' },
    {
      description: 'a machine that runs in a browser',
      body: {
        application_type: 'spa',
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['client_credentials'],
      },
      field: 'grant_types',
    },
    {
      description: 'a machine that runs on a phone',
      body: {
        application_type: 'native',
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'client_secret_post',
      },
      field: 'grant_types',
    },
    { description: 'a relative callback', body: { callbacks: ['/cb'] }, field: 'callbacks' },
    { description: 'a callback with a fragment', body: { callbacks: ['https://a.example/#x'] }, field: 'callbacks' },
    { description: 'a callback with a user', body: { callbacks: ['https://u@a.example'] }, field: 'callbacks' },
    { description: 'a callback that runs', body: { callbacks: ['javascript:alert(1)'] }, field: 'callbacks' },
    { description: 'any origin', body: { web_origins: ['*'] }, field: 'web_origins' },
    { description: 'an origin with a path', body: { web_origins: ['https://a.example/'] }, field: 'web_origins' },
    { description: 'a wildcard origin', body: { web_origins: ['https://*.a.example'] }, field: 'web_origins' },
    { description: 'a short refresh life', body: { refresh_token: { token_lifetime: 1 } }, field: 'refresh_token' },
    { description: 'an unknown member deep down', body: { refresh_token: { x: 1 } }, field: 'refresh_token' },
    {
      description: 'scopes as a text',
      body: { api_grants: [{ audience: 'urn:a:b', scope: 'x' }] },
      field: 'api_grants',
    },
    {
      description: 'an audience twice',
      body: {
        api_grants: [
          { audience: 'urn:a:b', scope: [] },
          { audience: 'urn:a:b', scope: ['x'] },
        ],
      },
      field: 'api_grants',
    },
    { description: 'an audience that is none', body: { default_audience: 'nothing' }, field: 'default_audience' },
  ]
  for (const { description, body, field } of refused) {
    it(`refuses ${description}`, async () => {
      const answer = await create(body).expect(400)
      expect(answer.body.details.fields).to.deep.equal([field])
    })
  }

  const updates = [
    { application_type: 'spa' },
    { application_type: 'native' },
    { token_endpoint_auth_method: 'none' },
    { application_type: 'web', token_endpoint_auth_method: 'none' },
  ]
  for (const update of updates) {
    it(`refuses ${JSON.stringify(update)} while the client has client_credentials, and changes nothing`, async () => {
      const { body } = await create({}).expect(201)
      const answer = await request(app).post(`/clients/${body.id}`).send(update).expect(400)
      expect(answer.body.details.fields).to.deep.equal(['grant_types'])
      const read = await request(app).get(`/clients/${body.id}`).expect(200)
      expect(read.body).to.deep.include({ application_type: 'm2m', token_endpoint_auth_method: 'client_secret_basic' })
      const both = { ...update, grant_types: ['refresh_token'] }
      await request(app).post(`/clients/${body.id}`).send(both).expect(200)
      await request(app)
        .post(`/clients/${body.id}`)
        .send({ grant_types: ['client_credentials'] })
        .expect(400)
    })
  }

  it('hands on only those management scopes that the caller holds', async () => {
    const grant = (...scope: string[]) => ({ api_grants: [{ audience: 'urn:scopegate:management', scope }] })
    await create(grant('read:apis')).expect(201)
    const answer = await create(grant('read:apis', 'delete:apis')).expect(403)
    expect(answer.body.error_code).to.equal('insufficient_scope')
    await create(grant('no:such')).expect(400)
    const { body } = await create({}).expect(201)
    await request(app).post(`/clients/${body.id}`).send(grant('delete:apis')).expect(403)
  })

  it('gives nobody a secret of a client that holds more of the management API than the caller', async () => {
    const [management] = server.takeManagementClients()
    const path = `/clients/${management?.clientId}`
    const answer = await request(app).post(`${path}/secrets`).expect(403)
    expect(answer.body.error_code).to.equal('insufficient_scope')
    expect((await request(app).get(path)).body.secrets).to.have.length(1)
  })

  it('has secrets that overlap, expire and can be removed one by one', async () => {
    const { body: client } = await create({}).expect(201)
    const expires = new Date(clock.now() + 60_000).toISOString()
    const second = await request(app).post(`/clients/${client.id}/secrets`).send({ expires_at: expires }).expect(201)
    expect(second.body.expires_at).to.equal(expires)
    const good = 400
    expect((await token(client.id, client.client_secret)).status).to.equal(good)
    expect((await token(client.id, second.body.client_secret)).status).to.equal(good)
    clock.advance(60_000)
    expect((await token(client.id, second.body.client_secret)).status).to.equal(401)
    const { body } = await request(app).get(`/clients/${client.id}`)
    await request(app).delete(`/clients/${client.id}/secrets/${body.secrets[0].id}`).expect(204)
    expect((await token(client.id, client.client_secret)).status).to.equal(401)
    await request(app).delete(`/clients/${client.id}/secrets/${body.secrets[0].id}`).expect(404)
  })

  const expiries = ['2020-01-01T00:00:00Z', '2026-02-30T00:00:00Z', 'tomorrow', '2027-01-01', 5, null]
  for (const expires_at of expiries) {
    it(`refuses a secret that expires at ${JSON.stringify(expires_at)}`, async () => {
      const { body } = await create({}).expect(201)
      await request(app).post(`/clients/${body.id}/secrets`).send({ expires_at }).expect(400)
    })
  }

  it('has at most ten secrets, and none where it is public', async () => {
    const { body } = await create({}).expect(201)
    for (let i = 0; i < 9; i++) await request(app).post(`/clients/${body.id}/secrets`).expect(201)
    await request(app).post(`/clients/${body.id}/secrets`).expect(400)
    const { body: spa } = await create({ application_type: 'spa' }).expect(201)
    expect(spa).not.to.have.property('client_secret')
    expect(spa.token_endpoint_auth_method).to.equal('none')
    await request(app).post(`/clients/${spa.id}/secrets`).expect(400)
  })

  it('has uses of its secrets that end with them: with one, with all, with the client', async () => {
    const { secretUses } = server.context.records
    const uses = async () => {
      await server.context.secretUses.settled()
      return (await secretUses.find('default', { limit: 10 })).records.length
    }
    const { body: client } = await create({}).expect(201)
    const { body: second } = await request(app).post(`/clients/${client.id}/secrets`).expect(201)
    for (const secret of [client.client_secret, second.client_secret]) await token(client.id, secret)
    expect(await uses()).to.equal(2)
    await request(app).delete(`/clients/${client.id}/secrets/${second.id}`).expect(204)
    expect(await uses()).to.equal(1)
    const body = { token_endpoint_auth_method: 'none', grant_types: ['refresh_token'] }
    await request(app).post(`/clients/${client.id}`).send(body).expect(200)
    expect(await uses()).to.equal(0)
    const { body: other } = await create({}).expect(201)
    await token(other.id, other.client_secret)
    expect(await uses()).to.equal(1)
    await request(app).delete(`/clients/${other.id}`).expect(204)
    expect(await uses()).to.equal(0)
  })

  it('leaves no use of a secret that went while the use was written', async () => {
    const { secretUses, clients } = server.context.records
    const { body } = await create({}).expect(201)
    const { insert } = secretUses
    secretUses.insert = async use => {
      await clients.remove('default', body.id)
      return insert.call(secretUses, use)
    }
    await token(body.id, body.client_secret)
    await server.context.secretUses.settled()
    expect((await secretUses.find('default', { limit: 10 })).records).to.deep.equal([])
  })

  it('is not said to be unchanged where only what comes after the change fails', async () => {
    const { secretUses } = server.context.records
    const { body } = await create({}).expect(201)
    const { body: second } = await request(app).post(`/clients/${body.id}/secrets`).expect(201)
    const fail = () => Promise.reject(new StoreUnavailableError('gone'))
    secretUses.get = fail
    await request(app).post(`/clients/${body.id}`).send({ name: 'Other' }).expect(503)
    const { name } = (await server.context.records.clients.get('default', body.id)) ?? {}
    expect(name).to.equal('Service')
    secretUses.remove = fail
    await request(app).delete(`/clients/${body.id}/secrets/${second.id}`).expect(204)
    await request(app).delete(`/clients/${body.id}`).expect(204)
    expect(await server.context.records.clients.get('default', body.id)).to.equal(null)
  })

  it('is gone at once when it is deleted', async () => {
    const { body } = await create({}).expect(201)
    await request(app).delete(`/clients/${body.id}`).expect(204)
    expect((await token(body.id, body.client_secret)).status).to.equal(401)
    await request(app).get(`/clients/${body.id}`).expect(404)
  })
})
