import { expect } from 'chai'
import request from 'supertest'
import { MANAGEMENT_PERMISSIONS } from '../../lib/authorization-server/admin/catalogue.js'
import { type BootstrapContext, createBootstrap } from '../../lib/authorization-server/bootstrap/bootstrap.js'
import { MANAGEMENT_AUDIENCE } from '../../lib/authorization-server/context/context.js'
import { InsufficientScopeError } from '../../lib/errors.js'
import { eq } from '../../lib/query/tree.js'
import {
  addClient,
  basic,
  decode,
  GOOD,
  ISSUER,
  mount,
  type Parameters,
  postToken,
  seededStore,
  startServer,
  type TestServer,
} from './fixtures.js'
import { parseChallenges } from '../support/parse-challenges.js'
import { memoryStore } from './memory-store.js'

const VALUES = MANAGEMENT_PERMISSIONS.map(({ value }) => value)

async function managementToken({ app, server }: TestServer, more: Parameters = {}): Promise<string> {
  const [{ clientId, clientSecret } = { clientId: '', clientSecret: '' }] = server.takeManagementClients()
  const { body } = await postToken(app, { grant_type: 'client_credentials', ...more })
    .set('authorization', basic(clientId, clientSecret ?? ''))
    .expect(200)
  return body.access_token
}

async function findManagement({ context }: TestServer['server']) {
  const { apis, clients } = context.records
  const [api] = (await apis.find('default', { limit: 1 })).records
  const [client] = (await clients.find('default', { limit: 1 })).records
  if (api === undefined || client === undefined) throw new Error('nothing was made')
  return { api, client, apis, clients }
}

/** What `createBootstrap` works with, and a ring that costs nothing. */
async function bootstrapContext(): Promise<BootstrapContext> {
  const { server, clock } = await startServer()
  const { registry, records } = server.context
  const signingKeys = {
    publicKeys: async () => ({ keys: [] }),
    signer: () => Promise.reject(new Error('not asked for')),
    oldestActivation: () => undefined,
  }
  const permissions = MANAGEMENT_PERMISSIONS
  return { clock, records, registry, signingKeys, emit: () => {}, permissions, managementClient: {} }
}

describe('the management API at start', () => {
  it('is a system API with the whole catalogue, and one client that may use it', async () => {
    const { server } = await startServer()
    const filter = eq('identifier', MANAGEMENT_AUDIENCE)
    const { records: found } = await server.context.records.apis.find('default', { filter, limit: 2 })
    expect(found).to.have.length(1)
    expect(found[0]).to.include({ is_system: true, token_dialect: 'access_token_authz', enforce_policies: true })
    expect(found[0]?.permissions.map(({ value }) => value)).to.deep.equal(VALUES)
    const [created] = server.takeManagementClients()
    expect(created).to.include({ account: 'default', issuer: ISSUER })
    expect(created?.clientSecret).to.match(/^[A-Za-z0-9_-]{43}$/)
  })

  it('changes nothing at the second start', async () => {
    const store = await seededStore()
    await startServer({ store })
    const { server } = await startServer({ store })
    expect(server.takeManagementClients()).to.deep.equal([])
    expect(store.calls.get('apis.insert')).to.equal(1)
    expect(store.calls.get('apis.replace')).to.equal(undefined)
  })

  it('makes one API, one client and one key in two processes that start at once', async () => {
    const store = memoryStore()
    const servers = await Promise.all(Array.from({ length: 4 }, () => startServer({ store })))
    expect(servers.flatMap(({ server }) => server.takeManagementClients())).to.have.length(1)
    const { records } = servers[0]?.server.context ?? (await startServer()).server.context
    expect((await records.apis.find('default', { limit: 10 })).records).to.have.length(1)
    expect((await records.clients.find('default', { limit: 10 })).records).to.have.length(1)
  })

  describe('of an account that another version serves too', () => {
    const OLD = VALUES.slice(0, 2)
    const NEWER = [...VALUES, 'mend:fences']
    const described = (values: readonly string[]) => values.map(value => ({ value, description: `of ${value}` }))
    const cases: {
      description: string
      stored: readonly string[]
      held: readonly string[]
      catalogue: readonly string[]
      scopes: readonly string[]
      writes: number
    }[] = [
      {
        description: 'grows, and so does the client that had all of it',
        ...{ stored: OLD, held: OLD, catalogue: VALUES, scopes: VALUES, writes: 2 },
      },
      {
        description: 'grows, and the client that was narrowed stays so',
        ...{ stored: OLD, held: OLD.slice(1), catalogue: VALUES, scopes: OLD.slice(1), writes: 1 },
      },
      {
        description: 'is left alone by an earlier version that starts later',
        ...{ stored: NEWER, held: NEWER, catalogue: NEWER, scopes: NEWER, writes: 0 },
      },
      {
        description: 'keeps what another version has added where this one adds its own',
        ...{ stored: ['mend:fences'], held: ['mend:fences'], catalogue: NEWER, scopes: NEWER, writes: 2 },
      },
      {
        description: 'grows where a start ended between its two writes',
        ...{ stored: OLD, held: NEWER, catalogue: VALUES, scopes: NEWER, writes: 1 },
      },
    ]
    for (const { description, stored, held, catalogue, scopes, writes } of cases) {
      it(description, async () => {
        const store = await seededStore()
        const { server } = await startServer({ store })
        const { api, client, apis, clients } = await findManagement(server)
        const api_grants = [{ audience: MANAGEMENT_AUDIENCE, scope: [...held] }]
        await apis.replace({ ...api, permissions: described(stored) }, api.revision)
        await clients.replace({ ...client, api_grants }, client.revision)
        const before = store.countOf('replace')
        await startServer({ store })
        await startServer({ store })
        const after = await findManagement(server)
        expect(after.api.permissions.map(({ value }) => value)).to.have.members(catalogue)
        expect(after.api.permissions).to.deep.include.members(described(stored))
        expect(after.client.api_grants?.[0]?.scope).to.have.members(scopes)
        expect(store.countOf('replace') - before).to.equal(writes)
      })
    }

    it('lets the client of a version without keys and log use what is new, by its next token', async () => {
      const isNew = (value: string): boolean => /:(?:keys|logs)$/.test(value)
      const old = VALUES.filter(value => !isNew(value))
      const store = await seededStore()
      const first = await startServer({ store })
      const { api, client, apis, clients } = await findManagement(first.server)
      const api_grants = [{ audience: MANAGEMENT_AUDIENCE, scope: old }]
      await apis.replace({ ...api, permissions: described(old) }, api.revision)
      await clients.replace({ ...client, api_grants }, client.revision)
      const { app, server } = await startServer({ store })
      const token = await managementToken({ ...first, app })
      const management = mount('/', server.adminRouter)
      const headers = { authorization: `Bearer ${token}` }
      const { body } = await request(management).get('/keys').set(headers).expect(200)
      await request(management).post('/keys/rotate').set(headers).send({ force: true }).expect(200)
      await request(management).delete(`/keys/${body.results[0].kid}`).set(headers).expect(204)
      expect(VALUES.filter(isNew)).to.include.members(['read:keys', 'rotate:keys', 'delete:keys', 'read:logs'])
      expect(String(decode(token).claims['scope']).split(' ')).to.have.members(VALUES)
    })

    it('gives a client that is made later the catalogue as it stands there', async () => {
      const store = await seededStore()
      const { server } = await startServer({ store })
      const { api, apis, clients } = await findManagement(server)
      await apis.replace({ ...api, permissions: described(NEWER) }, api.revision)
      await startServer({ store, managementClient: { id: 'ops', secret: 'a-secret-of-32-characters-or-more' } })
      expect((await clients.get('default', 'ops'))?.api_grants?.[0]?.scope).to.have.members(NEWER)
    })
  })

  for (const stored of [60, 86_400, 2_592_000]) {
    it(`issues tokens for one hour, also where ${stored} seconds are stored`, async () => {
      const store = await seededStore()
      const first = await startServer({ store })
      const { api, apis } = await findManagement(first.server)
      expect(api.token_lifetime).to.equal(3_600)
      const changed = { ...api, token_lifetime: stored, permissions: [...api.permissions, { value: 'mend:fences' }] }
      await apis.replace(changed, api.revision)
      const second = await startServer({ store })
      const after = (await findManagement(second.server)).api
      expect(after.token_lifetime).to.equal(3_600)
      expect(after.permissions).to.deep.equal(changed.permissions)
      const { claims } = decode(await managementToken({ ...second, server: first.server }))
      expect(Number(claims['exp']) - Number(claims['iat'])).to.equal(3_600)
    })
  }

  it('hands over each client once, and tells its secret to nobody else', async () => {
    const { server, events } = await startServer()
    const [made] = server.takeManagementClients()
    expect(made?.clientSecret).to.match(/^[A-Za-z0-9_-]{43}$/)
    expect(server.takeManagementClients()).to.deep.equal([])
    expect(events).to.deep.include({
      type: 'management_client.created',
      account: 'default',
      clientId: made?.clientId ?? '',
    })
    expect(JSON.stringify(events)).not.to.include(made?.clientSecret)
  })

  it('keeps the last 1 000 clients where requests open accounts and nobody takes them', async () => {
    const context = await bootstrapContext()
    const bootstrap = createBootstrap(context)
    const accounts = Array.from({ length: 1_003 }, (_, i) => `a${i}`)
    for (const name of accounts) await bootstrap.open({ name, issuer: `https://${name}.example`, mountPath: '' })
    const taken = bootstrap.takeCreated().map(({ account }) => account)
    expect(taken).to.deep.equal(accounts.slice(3))
    expect(bootstrap.takeCreated()).to.deep.equal([])
  })

  it('makes the client that the options name, and does not return its secret', async () => {
    const store = await seededStore()
    const managementClient = { id: 'ops', secret: 'a secret+of%the/host, 32 or more' }
    const { server, app } = await startServer({ store, managementClient })
    expect(server.takeManagementClients()).to.deep.equal([{ account: 'default', issuer: ISSUER, clientId: 'ops' }])
    const body = { grant_type: 'client_credentials' }
    await postToken(app, body).set('authorization', basic('ops', managementClient.secret)).expect(200)
    const second = await startServer({
      store,
      managementClient: { ...managementClient, secret: 'another-of-32-characters-or-more' },
    })
    expect(second.server.takeManagementClients()).to.deep.equal([])
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
      authorization: async () =>
        `Bearer ${await managementToken(await startServer({ store: await seededStore(undefined, 1) }))}`,
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
    test.clock.time += 3_600_000 + 4_000
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
    const store = await seededStore()
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
