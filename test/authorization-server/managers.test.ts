import { expect } from 'chai'
import express, { type Express } from 'express'
import request from 'supertest'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  authorizationServer,
  MANAGEMENT_AUDIENCE,
} from '../../lib/authorization-server/index.js'
import { MANAGEMENT_PERMISSIONS } from '../../lib/authorization-server/admin/catalogue.js'
import { seedKeys } from '../support/seeded-keys.js'
import { setClock } from '../support/set-clock.js'
import { describeStores, type StoreEngine } from '../support/stores.js'
import { documented } from '../support/documented.js'

const ALL = MANAGEMENT_PERMISSIONS.map(({ value }) => value)
const MANAGER = { id: 'ops', secret: 'a secret of forty characters, or nearly!' }

/** A client as it calls the management API. */
class Caller {
  readonly app: Express
  token = ''
  constructor(app: Express) {
    this.app = app
  }

  async logIn(id: string, secret: string): Promise<this> {
    const body = { grant_type: 'client_credentials', audience: MANAGEMENT_AUDIENCE }
    const answer = await request(this.app).post('/oauth/token').auth(id, secret).type('form').send(body)
    this.token = answer.body.access_token
    return this
  }

  call(method: 'get' | 'post' | 'delete', path: string, body?: object): request.Test {
    return request(this.app)[method](path).set('authorization', `Bearer ${this.token}`).send(body)
  }

  /** Makes a client with these scopes of the management API. */
  async hire(scope: readonly string[], more: object = {}): Promise<{ id: string; caller: Caller }> {
    const api_grants = [{ audience: MANAGEMENT_AUDIENCE, scope }]
    const { body } = await this.call('post', '/clients', { name: 'Hired', api_grants, ...more }).expect(201)
    const caller = new Caller(this.app)
    return { id: body.client_id, caller: await caller.logIn(body.client_id, body.client_secret) }
  }
}

interface Managed {
  server: AuthorizationServer
  manager: Caller
  app: Express
  /** The id of the manager's one secret. */
  secret: string
  clock: ReturnType<typeof setClock>
}

async function start(engine: StoreEngine, options: Partial<AuthorizationServerOptions> = {}): Promise<Managed> {
  const clock = setClock()
  const store = await seedKeys(await engine.open(clock))
  const all = { issuer: 'http://localhost:3000', store, clock, managementClient: MANAGER, ...options }
  const server = documented(await authorizationServer(all))
  const app = express().use(server.router, server.adminRouter)
  const manager = await new Caller(app).logIn(MANAGER.id, MANAGER.secret)
  const client = await server.context.records.clients.get('default', MANAGER.id)
  return { server, manager, app, secret: client?.secrets[0]?.id ?? '', clock }
}

type Step = { description: string; method: 'post' | 'delete'; path: (of: Managed) => string; body?: object }

/** What ends a manager. */
const ends: Step[] = [
  { description: 'no grants', method: 'post', path: () => '/clients/ops', body: { api_grants: [] } },
  {
    description: 'one scope less',
    method: 'post',
    path: () => '/clients/ops',
    body: { api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: ALL.slice(1) }] },
  },
  {
    description: 'a public client',
    method: 'post',
    path: () => '/clients/ops',
    body: { token_endpoint_auth_method: 'none', grant_types: [] },
  },
  { description: 'no grant types', method: 'post', path: () => '/clients/ops', body: { grant_types: [] } },
  { description: 'no secret', method: 'delete', path: ({ secret }) => `/clients/ops/secrets/${secret}` },
  { description: 'deletion', method: 'delete', path: () => '/clients/ops' },
]

describeStores('who manages an account', engine => {
  let managed: Managed
  beforeEach(async () => {
    managed = await start(engine)
  })
  afterEach(() => managed.server.close())

  for (const { description, method, path, body } of ends) {
    it(`refuses the last manager's end by ${description}, and changes nothing`, async () => {
      const { manager } = managed
      await manager.hire(['read:apis'])
      const before = await manager.call('get', '/clients/ops').expect(200)
      const answer = await manager.call(method, path(managed), body).expect(409)
      expect(answer.body).to.deep.include({ status: 409, error_code: 'last_manager' })
      const after = await manager.call('get', '/clients/ops').expect(200)
      expect(after.body).to.deep.include({ ...before.body, secrets: after.body.secrets })
      expect(after.body.secrets).to.have.length(1)
    })

    it(`lets one of two managers end by ${description}`, async () => {
      const { manager } = managed
      const other = await manager.hire(ALL)
      const { status } = await manager.call(method, path(managed), body)
      expect(status).to.be.oneOf([200, 204])
      await other.caller.call('delete', `/clients/${other.id}`).expect(409)
    })

    it(`refuses a caller who holds less than the client: ${description}`, async () => {
      await managed.manager.hire(ALL)
      const { caller } = await managed.manager.hire(['update:clients', 'delete:clients', 'read:clients'])
      const answer = await caller.call(method, path(managed), body).expect(403)
      expect(answer.body.error_code).to.equal('insufficient_scope')
      await managed.manager.call('get', '/apis').expect(200)
    })
  }

  it('refuses exactly one of two managers that end at the same time', async () => {
    const { manager } = managed
    const other = await manager.hire(ALL)
    const answers = await Promise.all([
      manager.call('delete', '/clients/ops'),
      other.caller.call('delete', `/clients/${other.id}`),
    ])
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 409])
  })

  it('does not count a client whose secrets have all expired', async () => {
    const { manager, clock } = managed
    const other = await manager.hire(ALL)
    const { body } = await manager.call('get', `/clients/${other.id}`)
    const expires_at = new Date(clock.now() + 60_000).toISOString()
    await manager.call('post', `/clients/${other.id}/secrets`, { expires_at }).expect(201)
    await manager.call('delete', `/clients/${other.id}/secrets/${body.secrets[0].id}`).expect(204)
    clock.advance(60_000)
    await manager.call('delete', '/clients/ops').expect(409)
  })

  it('lets a change that keeps the manager one pass, and further secrets', async () => {
    const { manager } = managed
    await manager.call('post', '/clients/ops', { name: 'Renamed', description: 'x' }).expect(200)
    const { body } = await manager.call('post', '/clients/ops/secrets').expect(201)
    await manager.call('delete', `/clients/ops/secrets/${managed.secret}`).expect(204)
    await manager.call('delete', `/clients/ops/secrets/${body.id}`).expect(409)
  })

  it('gives no secret of a client to a caller who holds less', async () => {
    const { caller } = await managed.manager.hire(['update:clients'])
    await caller.call('post', '/clients/ops/secrets').expect(403)
  })
})

describeStores('tokens of the management API', engine => {
  let managed: Managed
  beforeEach(async () => {
    managed = await start(engine)
  })
  afterEach(() => managed.server.close())

  it('are worth nothing once their client is deleted', async () => {
    const hired = await managed.manager.hire(ALL)
    await hired.caller.call('get', '/apis').expect(200)
    await managed.manager.call('delete', `/clients/${hired.id}`).expect(204)
    for (const [method, path] of [
      ['get', '/apis'],
      ['post', '/clients'],
    ] as const) {
      const answer = await hired.caller.call(method, path, method === 'post' ? { name: 'New' } : undefined).expect(401)
      expect(answer.body.error_code).to.equal('unauthorized')
      expect(answer.headers['www-authenticate']).to.include('error="invalid_token"')
    }
  })

  const narrowed = [
    { description: 'a scope less', api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: ['read:apis'] }] },
    { description: 'no entry', api_grants: [] },
  ]
  for (const { description, api_grants } of narrowed) {
    it(`are worth what their client still holds: ${description}`, async () => {
      const hired = await managed.manager.hire(['read:apis', 'read:clients', 'create:clients'])
      await hired.caller.call('get', '/clients').expect(200)
      await managed.manager.call('post', `/clients/${hired.id}`, { api_grants }).expect(200)
      const answer = await hired.caller.call('get', '/clients').expect(403)
      expect(answer.body.error_code).to.equal('insufficient_scope')
      await hired.caller.call('get', '/apis').expect(api_grants.length === 1 ? 200 : 403)
      await hired.caller.call('post', '/clients', { name: 'New' }).expect(403)
    })
  }

  it('hand on no more than their client still holds', async () => {
    const hired = await managed.manager.hire(['create:clients', 'delete:apis'])
    const grant = (scope: string[]) => ({ name: 'New', api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope }] })
    await hired.caller.call('post', '/clients', grant(['delete:apis'])).expect(201)
    const api_grants = [{ audience: MANAGEMENT_AUDIENCE, scope: ['create:clients'] }]
    await managed.manager.call('post', `/clients/${hired.id}`, { api_grants }).expect(200)
    await hired.caller.call('post', '/clients', grant(['delete:apis'])).expect(403)
  })
})

describeStores('a host that checks management calls itself', engine => {
  it('may let every client go', async () => {
    const { server, app } = await start(engine, { authorizeAdmin: () => ({ scopes: ALL }) })
    await request(app).delete('/clients/ops').expect(204)
    await server.close()
  })

  const answers = [undefined, null, {}, [], 'all', true, { scopes: 'read:apis' }, { scopes: [1] }, { scopes: null }]
  for (const answer of answers) {
    for (const isLate of [false, true]) {
      it(`is a fault where it answers ${isLate ? 'later ' : ''}${JSON.stringify(answer)}`, async () => {
        const check = () => (isLate ? Promise.resolve(answer) : answer)
        const options = { authorizeAdmin: check } as unknown as Partial<AuthorizationServerOptions>
        const { server, app } = await start(engine, options)
        const { body } = await request(app).post('/apis').send({ name: 'A', identifier: 'urn:a:b' }).expect(500)
        expect(body.error_code).to.equal('internal_error')
        const { records } = await server.context.records.apis.find('default', { limit: 10 })
        expect(records.map(({ identifier }) => identifier)).to.deep.equal([MANAGEMENT_AUDIENCE])
        await server.close()
      })
    }
  }
})
