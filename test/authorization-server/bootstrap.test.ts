import { expect } from 'chai'
import request from 'supertest'
import { MANAGEMENT_PERMISSIONS } from '../../lib/authorization-server/admin/catalogue.js'
import { MANAGEMENT_AUDIENCE } from '../../lib/authorization-server/context.js'
import { InsufficientScopeError } from '../../lib/errors.js'
import { eq } from '../../lib/query/tree.js'
import {
  addClient,
  basic,
  GOOD,
  ISSUER,
  mount,
  type Parameters,
  postToken,
  startServer,
  type TestServer,
} from './fixtures.js'
import { parseChallenges } from '../support/parse-challenges.js'
import { memoryStore } from './memory-store.js'

const VALUES = MANAGEMENT_PERMISSIONS.map(({ value }) => value)

async function managementToken({ app, server }: TestServer, more: Parameters = {}): Promise<string> {
  const [{ clientId, clientSecret } = { clientId: '', clientSecret: '' }] = server.managementClients
  const { body } = await postToken(app, { grant_type: 'client_credentials', ...more })
    .set('authorization', basic(clientId, clientSecret ?? ''))
    .expect(200)
  return body.access_token
}

describe('the management API at start', () => {
  it('is a system API with the whole catalogue, and one client that may use it', async () => {
    const { server } = await startServer()
    const filter = eq('identifier', MANAGEMENT_AUDIENCE)
    const { records: found } = await server.context.records.apis.find('default', { filter, limit: 2 })
    expect(found).to.have.length(1)
    expect(found[0]).to.include({ is_system: true, token_dialect: 'access_token_authz', enforce_policies: true })
    expect(found[0]?.permissions.map(({ value }) => value)).to.deep.equal(VALUES)
    const [created] = server.managementClients
    expect(created).to.include({ account: 'default', issuer: ISSUER })
    expect(created?.clientSecret).to.match(/^[A-Za-z0-9_-]{43}$/)
  })

  it('changes nothing at the second start', async () => {
    const store = memoryStore()
    await startServer({ store })
    const { server } = await startServer({ store })
    expect(server.managementClients).to.deep.equal([])
    expect(store.calls.get('apis.insert')).to.equal(1)
    expect(store.calls.get('apis.replace')).to.equal(undefined)
  })

  it('makes one API, one client and one key in two processes that start at once', async () => {
    const store = memoryStore()
    const servers = await Promise.all(Array.from({ length: 4 }, () => startServer({ store })))
    expect(servers.flatMap(({ server }) => server.managementClients)).to.have.length(1)
    const { records } = servers[0]?.server.context ?? (await startServer()).server.context
    expect((await records.apis.find('default', { limit: 10 })).records).to.have.length(1)
    expect((await records.clients.find('default', { limit: 10 })).records).to.have.length(1)
  })

  for (const { description, held, after } of [
    { description: 'and the client that had all of it', held: ['read:apis'], after: VALUES },
    { description: 'and no client that was narrowed', held: ['read:clients'], after: ['read:clients'] },
  ]) {
    it(`brings a catalogue of an earlier release up to date, ${description}`, async () => {
      const store = memoryStore()
      const { server } = await startServer({ store })
      const { apis, clients } = server.context.records
      const [api] = (await apis.find('default', { limit: 1 })).records
      const [client] = (await clients.find('default', { limit: 1 })).records
      if (api === undefined || client === undefined) throw new Error('nothing was made')
      const api_grants = [{ audience: MANAGEMENT_AUDIENCE, scope: held }]
      await apis.replace({ ...api, permissions: [{ value: 'read:apis' }] }, api.revision)
      await clients.replace({ ...client, api_grants }, client.revision)
      await startServer({ store })
      expect((await apis.get('default', api.id))?.permissions.map(({ value }) => value)).to.deep.equal(VALUES)
      expect((await clients.get('default', client.id))?.api_grants?.[0]?.scope).to.deep.equal(after)
    })
  }

  it('makes the client that the options name, and does not return its secret', async () => {
    const store = memoryStore()
    const managementClient = { id: 'ops', secret: 'a secret+of%the/host' }
    const { server, app } = await startServer({ store, managementClient })
    expect(server.managementClients).to.deep.equal([{ account: 'default', issuer: ISSUER, clientId: 'ops' }])
    const body = { grant_type: 'client_credentials' }
    await postToken(app, body).set('authorization', basic('ops', managementClient.secret)).expect(200)
    const second = await startServer({ store, managementClient: { ...managementClient, secret: 'another' } })
    expect(second.server.managementClients).to.deep.equal([])
    await postToken(second.app, body).set('authorization', basic('ops', 'another')).expect(401)
  })
})

describe('the default check of management calls', () => {
  it('lets a management token through, at the root and under a path', async () => {
    const test = await startServer()
    const authorization = `Bearer ${await managementToken(test)}`
    await request(mount('/', test.server.adminRouter)).get('/apis').set({ authorization }).expect(200)
    await request(mount('/admin', test.server.adminRouter)).get('/admin/apis').set({ authorization }).expect(200)
  })

  const refusals: {
    description: string
    authorization: (test: TestServer) => Promise<string | undefined>
    status: number
    /** Besides the realm. */
    challenge: Record<string, string>
  }[] = [
    {
      description: 'no token',
      authorization: async () => undefined,
      status: 401,
      challenge: { scope: 'read:apis' },
    },
    {
      description: 'another scheme',
      authorization: async () => 'Basic YTpi',
      status: 401,
      challenge: { scope: 'read:apis' },
    },
    {
      description: 'a token that is none',
      authorization: async () => 'Bearer abc',
      status: 401,
      challenge: { error: 'invalid_token', scope: 'read:apis' },
    },
    {
      description: 'a token with junk behind it',
      authorization: async test => `Bearer ${await managementToken(test)} x`,
      status: 400,
      challenge: { error: 'invalid_request' },
    },
    {
      description: 'a token without the scope',
      authorization: async test => `Bearer ${await managementToken(test, { scope: 'create:clients' })}`,
      status: 403,
      challenge: { error: 'insufficient_scope', scope: 'read:apis' },
    },
    {
      description: 'a token of another issuer with the same names',
      authorization: async () => `Bearer ${await managementToken(await startServer({ store: memoryStore() }))}`,
      status: 401,
      challenge: { error: 'invalid_token', scope: 'read:apis' },
    },
  ]
  for (const { description, authorization, status, challenge } of refusals) {
    it(`refuses ${description}`, async () => {
      const test = await startServer()
      const value = await authorization(test)
      const sending = request(mount('/', test.server.adminRouter)).get('/apis')
      const response = await (value === undefined ? sending : sending.set('authorization', value))
      expect(response.status).to.equal(status)
      const [parsed, ...others] = parseChallenges(response.headers['www-authenticate'] ?? '')
      const { error_description: _, ...parameters } = parsed?.parameters ?? {}
      expect({ scheme: parsed?.scheme, parameters, others }).to.deep.equal({
        scheme: 'Bearer',
        parameters: { realm: ISSUER, ...challenge },
        others: [],
      })
      expect(response.body).to.include({ status })
    })
  }

  it('refuses a token that has expired', async () => {
    const test = await startServer()
    const authorization = `Bearer ${await managementToken(test)}`
    const app = mount('/', test.server.adminRouter)
    test.clock.time += 86_400_000 + 4_000
    await request(app).get('/apis').set({ authorization }).expect(200)
    test.clock.time += 2_000
    await request(app).get('/apis').set({ authorization }).expect(401)
  })

  it('refuses a token for another API', async () => {
    const test = await startServer()
    await addClient(test)
    const response = await postToken(test.app, { ...GOOD, audience: MANAGEMENT_AUDIENCE })
    expect(response.status).to.equal(400)
  })

  it('is replaced by the host’s own', async () => {
    const asked: unknown[] = []
    const test = await startServer({
      authorizeAdmin: (req, scope, account) => {
        asked.push(scope, account.name)
        if (req.headers['x-operator'] === undefined) throw new InsufficientScopeError('Operators only.')
        return { scopes: [] }
      },
    })
    const app = mount('/', test.server.adminRouter)
    await request(app).get('/apis').expect(403)
    await request(app).get('/apis').set('x-operator', '1').expect(200)
    expect(asked).to.deep.equal(['read:apis', 'default', 'read:apis', 'default'])
  })
})

describe('the server', () => {
  it('is healthy while the store answers', async () => {
    const { server, store } = await startServer()
    await server.health()
    store.down = true
    expect(await server.health().catch(({ code }) => code)).to.equal('ERR_STORE_UNAVAILABLE')
    expect(await server.ready().catch(({ code }) => code)).to.equal('ERR_STORE_UNAVAILABLE')
  })

  it('does not start without its store', async () => {
    const store = memoryStore()
    store.down = true
    expect(await startServer({ store }).catch(({ code }) => code)).to.equal('ERR_STORE_UNAVAILABLE')
  })

  it('is closed twice without harm', async () => {
    const { server } = await startServer()
    await server.close()
    await server.close()
  })

  it('is not disturbed by a listener that throws', async () => {
    const test = await startServer({
      onEvent: () => {
        throw new Error('no')
      },
    })
    await postToken(test.app, GOOD).expect(401)
  })
})
