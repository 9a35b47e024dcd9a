import { expect } from 'chai'
import request from 'supertest'
import { MANAGEMENT_PERMISSIONS } from '../../../lib/authorization-server/admin/catalogue.js'
import { MANAGEMENT_AUDIENCE } from '../../../lib/authorization-server/context/context.js'
import { ManagementError } from '../../../lib/index.js'
import type { ApiRecord, ClientRecord } from '../../../lib/store/records.js'
import type { ConsentRecord, GrantRecord } from '../../../lib/store/user-records.js'
import { describeStores } from '../../support/stores.js'
import { AUDIENCE, type UserServer, userServer } from '../../support/user-tokens.js'
import { watchedStore } from '../../support/watched-store.js'

const ALL = MANAGEMENT_PERMISSIONS.map(({ value }) => value)
const NOTHING = { clients: [], grants: 0, consents: 0, permissions_removed: [] }
const OTHER = 'https://other.example.com'

type Method = 'post' | 'delete'

describeStores('a dry run', engine => {
  let test: UserServer
  let scopes: readonly string[]
  let api: ApiRecord
  const writes: string[] = []

  beforeEach(async () => {
    scopes = ALL
    const open = async (clock?: { now(): number }) => watchedStore(await engine.open(clock), writes)
    test = await userServer(
      { name: engine.name, open },
      {
        authorizeAdmin: (_req, scope) => {
          if (!scopes.includes(scope)) throw new ManagementError('insufficient_scope', 'no')
          return { scopes }
        },
      },
    )
    api = await test.addApi()
  })
  afterEach(() => test.server.close())

  const send = (method: Method, path: string, body: object = {}): request.Test =>
    method === 'post' ? request(test.app).post(path).send(body) : request(test.app).delete(path)

  /** Everything that a change could change. */
  async function state(): Promise<string> {
    const { apis, clients, grants, consents } = test.server.context.records
    const all = [apis, clients, grants, consents].map(collection => collection.find('default', { limit: 200 }))
    return JSON.stringify((await Promise.all(all)).map(({ records }) => records))
  }

  /** Changes nothing, writes nothing, tells nothing. */
  async function dry(method: Method, path: string, body?: object, headers: Record<string, string> = {}) {
    const before = await state()
    const [written, told] = [writes.length, test.events.length]
    const answer = await send(method, `${path}?dry_run=true`, body).set(headers)
    expect(writes.slice(written)).to.deep.equal([])
    expect(test.events.slice(told).filter(({ type }) => type !== 'admin.refused')).to.deep.equal([])
    expect(await state()).to.equal(before)
    return answer
  }

  async function would(method: Method, path: string, body?: object): Promise<object> {
    const { status, body: said, headers } = await dry(method, path, body)
    expect(status, JSON.stringify(said)).to.equal(200)
    expect(headers).to.include({ 'cache-control': 'no-store', etag: '"1"' })
    expect(said).to.have.all.keys('would')
    return said.would
  }

  const grantedBy = (...scope: string[]) => ({ api_grants: [{ audience: AUDIENCE, scope }] })
  const authorized = (own: object = {}): { api_id: string } => ({ api_id: api.id, ...own })

  describe('of an API', () => {
    interface Row {
      description: string
      before?: Partial<ApiRecord>
      clients?: Partial<ClientRecord>[]
      grants?: Partial<GrantRecord>[]
      consents?: Partial<ConsentRecord>[]
      method: Method
      body?: object
      would: object
    }
    const withoutWrite = { permissions: [{ value: 'read:users' }] }
    const rows: Row[] = [
      {
        description: 'that nobody uses removes its permissions',
        method: 'delete',
        would: { ...NOTHING, permissions_removed: ['read:users', 'write:users'] },
      },
      {
        description: 'concerns the clients that name it, and the authorizations of users',
        method: 'delete',
        clients: [
          { id: 'cli_granted', ...grantedBy() },
          { id: 'cli_default', default_audience: AUDIENCE },
          { id: 'cli_both', default_audience: AUDIENCE, ...grantedBy('read:users') },
          { id: 'cli_other', api_grants: [{ audience: OTHER, scope: ['read:users'] }] },
          { id: 'cli_open' },
        ],
        grants: [{ client_id: 'cli_granting' }, { client_id: 'cli_granting', scope: ['openid'] }, { api_id: 'api_x' }],
        consents: [{ client_id: 'cli_asking' }, { api_id: 'api_x' }],
        would: {
          clients: ['cli_granted', 'cli_default', 'cli_both', 'cli_granting', 'cli_asking'],
          ...{ grants: 2, consents: 1, permissions_removed: ['read:users', 'write:users'] },
        },
      },
      {
        description: 'concerns who has a permission that goes',
        method: 'post',
        body: withoutWrite,
        clients: [
          { id: 'cli_writes', ...grantedBy('write:users', 'read:users') },
          { id: 'cli_reads', ...grantedBy('read:users') },
          { id: 'cli_elsewhere', api_grants: [{ audience: OTHER, scope: ['write:users'] }] },
        ],
        grants: [{ scope: ['write:users'], client_id: 'cli_g' }, { scope: ['read:users', 'openid', 'offline_access'] }],
        consents: [{ scope: ['read:users', 'write:users'], client_id: 'cli_c' }, { scope: ['read:users'] }],
        would: {
          clients: ['cli_writes', 'cli_g', 'cli_c'],
          ...{ grants: 1, consents: 1, permissions_removed: ['write:users'] },
        },
      },
      {
        description: 'concerns who has what is no permission, where policies begin to be enforced',
        method: 'post',
        before: { enforce_policies: false },
        body: { enforce_policies: true },
        clients: [
          { id: 'cli_echoes', ...grantedBy('made-up') },
          { id: 'cli_reads', ...grantedBy('read:users', 'openid') },
        ],
        grants: [{ scope: ['made-up'], client_id: 'cli_g' }, { scope: ['read:users', 'openid'] }],
        consents: [{ scope: ['made-up'], client_id: 'cli_g' }],
        would: { clients: ['cli_echoes', 'cli_g'], grants: 1, consents: 1, permissions_removed: [] },
      },
      {
        description: 'concerns refresh tokens that are not allowed any more',
        method: 'post',
        body: { allow_offline_access: false },
        clients: [{ id: 'cli_reads', ...grantedBy('read:users') }],
        grants: [{ scope: ['read:users', 'offline_access'], client_id: 'cli_g' }, { scope: ['read:users'] }],
        consents: [{ scope: ['offline_access'], client_id: 'cli_g' }],
        would: { clients: ['cli_g'], grants: 1, consents: 1, permissions_removed: [] },
      },
      ...[
        { name: 'New' },
        {},
        { permissions: [{ value: 'write:users', deprecated: true }, { value: 'read:users' }, { value: 'more' }] },
        { token_lifetime: 60, enforce_policies: false, allow_offline_access: true, slug: 'free' },
      ].map(
        (body): Row => ({
          description: `concerns nobody with ${JSON.stringify(body)}`,
          method: 'post',
          body,
          clients: [{ id: 'cli_reads', ...grantedBy('read:users', 'made-up') }],
          grants: [{}, { scope: ['made-up'] }],
          consents: [{}],
          would: NOTHING,
        }),
      ),
    ]
    for (const {
      description,
      before = {},
      clients = [],
      grants = [],
      consents = [],
      method,
      body,
      would: said,
    } of rows) {
      it(`${method}: ${description}`, async () => {
        api = await test.addApi({ ...before, identifier: `${AUDIENCE}/own`, slug: 'own' })
        const named = JSON.parse(JSON.stringify(clients).replaceAll(AUDIENCE, api.identifier))
        for (const client of named) await test.addClient(client)
        for (const grant of grants) await test.addGrant(authorized(grant))
        for (const consent of consents) await test.addConsent(authorized(consent))
        const { clients: ids, ...rest } = (await would(method, `/apis/${api.id}`, body)) as typeof NOTHING
        const { clients: expected, ...others } = said as typeof NOTHING
        expect(rest).to.deep.equal(others)
        expect(ids).to.have.members(expected)
      })
    }

    it('does what was said afterwards, and only then', async () => {
      await test.addGrant(authorized())
      await test.addConsent(authorized())
      const { body } = await dry('delete', `/apis/${api.id}`)
      expect(body.would).to.include({ grants: 1, consents: 1 })
      await send('delete', `/apis/${api.id}?dry_run=false`).expect(204)
      const { grants, consents } = test.server.context.records
      for (const collection of [grants, consents]) {
        expect((await collection.find('default', { limit: 1 })).records).to.deep.equal([])
      }
      await send('delete', `/apis/${api.id}?dry_run=true`).expect(404)
    })

    it('counts nothing of another account, and nothing that has ended', async () => {
      await test.addGrant(authorized({ account: 'globex' }))
      await test.addConsent(authorized({ account: 'globex' }))
      await test.addClient({ account: 'globex', ...grantedBy('read:users') })
      await test.addGrant(authorized({ expires_at: new Date(test.clock.now()) }))
      expect(await would('delete', `/apis/${api.id}`)).to.deep.include({ clients: [], grants: 0, consents: 0 })
    })

    it('names 100 clients, counts on, and says that there are more', async () => {
      for (let number = 0; number < 101; number++) await test.addGrant(authorized({ client_id: `cli_${number}` }))
      const said = (await would('delete', `/apis/${api.id}`)) as typeof NOTHING & { incomplete?: boolean }
      expect(said).to.include({ grants: 101, incomplete: true })
      expect(said.clients).to.have.length(100)
      await test.server.context.records.grants.remove('default', await newestGrant())
      expect(await would('delete', `/apis/${api.id}`)).not.to.have.property('incomplete')
    })

    const newestGrant = async (): Promise<string> => {
      const { records } = await test.server.context.records.grants.find('default', { limit: 1 })
      return records[0]?.id ?? ''
    }
  })

  describe('of a client', () => {
    interface Row {
      description: string
      before?: Partial<ClientRecord>
      grants?: Partial<GrantRecord>[]
      consents?: Partial<ConsentRecord>[]
      method: Method
      body?: object
      /** Absent: the client is not concerned. */
      would?: { grants: number; consents: number }
    }
    const both = grantedBy('read:users', 'write:users')
    /** Of no API. */
    const WHO = { audience: 'https://id.example.com/userinfo', api_id: undefined, scope: ['openid'] } as never
    const rows: Row[] = [
      {
        description: 'ends what users have authorized it for',
        method: 'delete',
        grants: [{}, { api_id: 'api_x' }, { client_id: 'cli_other' }],
        consents: [{}, { client_id: 'cli_other' }],
        would: { grants: 2, consents: 1 },
      },
      { description: 'that nobody authorized', method: 'delete', would: { grants: 0, consents: 0 } },
      {
        description: 'takes a scope of its ceiling from grants and consents that have it',
        method: 'post',
        before: both,
        body: grantedBy('read:users'),
        grants: [{ scope: ['write:users', 'openid'] }, { scope: ['read:users'] }, { scope: ['openid'] }],
        consents: [{ scope: ['write:users'] }, { scope: ['read:users'] }],
        would: { grants: 1, consents: 1 },
      },
      {
        description: 'ends grants of an API that it is not granted any more, those of openid alone too',
        method: 'post',
        before: both,
        body: { api_grants: [{ audience: OTHER, scope: ['write:users'] }] },
        grants: [{ scope: ['openid'] }, { scope: ['read:users'] }, { scope: [] }, WHO],
        consents: [{}],
        would: { grants: 3, consents: 1 },
      },
      {
        description: 'restricts it where nothing did, but for who a user is',
        method: 'post',
        body: grantedBy('read:users'),
        grants: [{ scope: ['write:users'] }, { scope: ['read:users'] }, WHO],
        would: { grants: 1, consents: 0 },
      },
      {
        description: 'ends refresh tokens',
        method: 'post',
        body: { grant_types: ['authorization_code', 'client_credentials'] },
        grants: [{ scope: ['read:users', 'offline_access'] }, { scope: ['read:users'] }],
        consents: [{ scope: ['offline_access'] }],
        would: { grants: 1, consents: 1 },
      },
      {
        description: 'takes its secrets away',
        method: 'post',
        before: { grant_types: ['authorization_code'] },
        body: { token_endpoint_auth_method: 'none' },
        would: { grants: 0, consents: 0 },
      },
      ...[
        { name: 'New' },
        {},
        grantedBy('read:users', 'write:users', 'more'),
        { callbacks: ['https://a.example/'] },
      ].map(
        (body): Row => ({
          description: `concerns nobody with ${JSON.stringify(body)}`,
          method: 'post',
          before: both,
          body,
          grants: [{ scope: ['read:users', 'offline_access'] }],
          consents: [{}],
        }),
      ),
    ]
    for (const { description, before = {}, grants = [], consents = [], method, body, would: said } of rows) {
      it(`${method}: ${description}`, async () => {
        await test.addClient(before)
        for (const grant of grants) await test.addGrant(authorized(grant))
        for (const consent of consents) await test.addConsent(authorized(consent))
        const expected = said === undefined ? NOTHING : { ...NOTHING, clients: ['cli_app'], ...said }
        expect(await would(method, '/clients/cli_app', body)).to.deep.equal(expected)
      })
    }
  })

  describe('refuses what the real call refuses', () => {
    const rows: {
      description: string
      method: Method
      path: string
      body?: object
      headers?: Record<string, string>
      scopes?: string[]
      status: number
      code: string
      fields?: string[]
    }[] = [
      { description: 'an unknown API', method: 'delete', path: '/apis/api_0', status: 404, code: 'not_found' },
      { description: 'an unknown API', method: 'post', path: '/apis/api_0', status: 404, code: 'not_found' },
      { description: 'an unknown client', method: 'delete', path: '/clients/cli_0', status: 404, code: 'not_found' },
      { description: 'an unknown client', method: 'post', path: '/clients/cli_0', status: 404, code: 'not_found' },
      {
        description: 'the management API',
        ...{ method: 'delete', path: '/apis/SYSTEM', status: 403, code: 'system_resource' },
      },
      {
        description: 'the management API',
        ...{ method: 'post', path: '/apis/SYSTEM', body: { name: 'A' }, status: 403, code: 'system_resource' },
      },
      {
        description: 'a field that is not what it must be',
        ...{ method: 'post', path: '/apis/API', body: { token_lifetime: 1 }, status: 400, code: 'validation_error' },
        fields: ['token_lifetime'],
      },
      {
        description: 'a field that cannot be changed',
        ...{ method: 'post', path: '/apis/API', body: { identifier: OTHER }, status: 400, code: 'validation_error' },
        fields: ['identifier'],
      },
      {
        description: 'a slug that is taken',
        ...{ method: 'post', path: '/apis/API', body: { slug: 'taken' }, status: 409, code: 'already_exists' },
        fields: ['slug'],
      },
      {
        description: 'a client that would not be consistent',
        ...{ method: 'post', path: '/clients/cli_app', body: { token_endpoint_auth_method: 'none' } },
        ...{ status: 400, code: 'validation_error', fields: ['grant_types'] },
      },
      {
        description: 'a body that is a list',
        ...{ method: 'post', path: '/clients/cli_app', body: [], status: 400, code: 'validation_error' },
      },
      ...(['/apis/API', '/clients/cli_app'] as const).flatMap(path =>
        (['post', 'delete'] as const).map(method => ({
          description: `If-Match that does not fit, of ${path}`,
          ...{ method, path, headers: { 'if-match': '"7"' }, status: 412, code: 'precondition_failed' },
        })),
      ),
      ...[
        { method: 'post', path: '/apis/API', scope: 'update:apis' },
        { method: 'delete', path: '/apis/API', scope: 'delete:apis' },
        { method: 'post', path: '/clients/cli_app', scope: 'update:clients' },
        { method: 'delete', path: '/clients/cli_app', scope: 'delete:clients' },
      ].map(({ method, path, scope }) => ({
        description: `a caller without ${scope}`,
        ...{ method: method as Method, path, scopes: ALL.filter(own => own !== scope) },
        ...{ status: 403, code: 'insufficient_scope' },
      })),
      {
        description: 'a client that holds more than the caller',
        ...{ method: 'post', path: '/clients/cli_manager', body: { name: 'A' }, scopes: ['update:clients'] },
        ...{ status: 403, code: 'insufficient_scope' },
      },
      {
        description: 'a client that holds more than the caller',
        ...{ method: 'delete', path: '/clients/cli_manager', scopes: ['delete:clients'] },
        ...{ status: 403, code: 'insufficient_scope' },
      },
      {
        description: 'to hand on what the caller does not hold',
        ...{ method: 'post', path: '/clients/cli_app', scopes: ['update:clients'] },
        body: { api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: ['read:keys'] }] },
        ...{ status: 403, code: 'insufficient_scope' },
      },
    ]
    for (const { description, method, path, body, headers, scopes: held, status, code, fields } of rows) {
      it(`${method} ${path}: ${description}`, async () => {
        await test.addApi({ identifier: OTHER, slug: 'taken' })
        await test.addClient()
        const all = { audience: MANAGEMENT_AUDIENCE, scope: ALL }
        await test.addClient({ id: 'cli_manager', api_grants: [all] })
        const system = await test.server.context.registry.api('default', MANAGEMENT_AUDIENCE)
        const real = path.replace('SYSTEM', system?.id ?? '').replace('API', api.id)
        scopes = held ?? ALL
        const answer = await dry(method, real, body, headers)
        expect(answer.status, JSON.stringify(answer.body)).to.equal(status)
        expect(answer.body.error_code).to.equal(code)
        if (fields !== undefined) expect(answer.body.details.fields).to.deep.equal(fields)
        const carriedOut = await send(method, real, body).set(headers ?? {})
        expect(carriedOut.body).to.deep.equal(answer.body)
        expect(carriedOut.status).to.equal(status)
      })
    }
  })

  describe('is never carried out by mistake', () => {
    const queries = [
      ...['dry_run', 'dry_run=', 'dry_run=1', 'dry_run=TRUE', 'dry_run=True', 'dry_run=true%20', 'dry_run=yes'],
      ...['dry-run=true', 'dryRun=true', 'dry_run%5B%5D=true', 'Dry_run=true', 'dry_run=true&dry_run=false'],
      ...['dry_run=true&x=1', 'dry_run=false&x=1', 'replace=true', '%00', 'dry_run;=true', '=true'],
    ]
    const calls: [method: Method, path: string, body?: object][] = [
      ['delete', '/apis/API'],
      ['post', '/apis/API', { name: 'Changed' }],
      ['delete', '/clients/cli_app'],
      ['post', '/clients/cli_app', { name: 'Changed' }],
    ]
    for (const [method, path, body] of calls) {
      it(`${method} ${path}`, async () => {
        await test.addClient()
        const before = await state()
        for (const query of queries) {
          const answer = await send(method, `${path.replace('API', api.id)}?${query}`, body)
          expect([query, answer.status, answer.body.error_code]).to.deep.equal([query, 400, 'validation_error'])
          expect(answer.body.details.fields).to.have.length(1)
        }
        expect(await state()).to.equal(before)
        await send(method, `${path.replace('API', api.id)}?`, body).expect(method === 'post' ? 200 : 204)
      })
    }

    const others: [method: Method, path: string, body?: object][] = [
      ['post', '/apis', { name: 'A', identifier: OTHER }],
      ['post', '/clients', { name: 'A' }],
      ['post', '/clients/cli_app/secrets'],
      ['delete', '/clients/cli_app/secrets/SECRET'],
      ['delete', '/grants/GRANT'],
      ['delete', '/consents/CONSENT'],
    ]
    for (const [method, path, body] of others) {
      it(`${method} ${path}, which has no dry run`, async () => {
        const client = await test.addClient()
        const [grant, consent] = [await test.addGrant(), await test.addConsent()]
        const ids = { SECRET: client.secrets[0]?.id, GRANT: grant.id, CONSENT: consent.id }
        const real = path.replace(/[A-Z]+/, name => ids[name as keyof typeof ids] ?? '')
        const before = await state()
        for (const query of ['dry_run=true', 'dry-run=true', 'dry_run=false', 'x=']) {
          const { body: said } = await send(method, `${real}?${query}`, body).expect(400)
          expect(said.error_code).to.equal('validation_error')
        }
        expect(await state()).to.equal(before)
        expect((await send(method, real, body)).status).to.be.below(300)
      })
    }
  })

  describe('with the default check of management calls', () => {
    it('refuses to leave nobody who can manage the account', async () => {
      const own = await userServer(engine, { authorizeAdmin: undefined })
      const [manager] = own.server.takeManagementClients()
      const { clientId = '', clientSecret = '' } = manager ?? {}
      const { body: token } = await request(own.app)
        .post('/oauth/token')
        .auth(clientId, clientSecret ?? '')
        .send({ grant_type: 'client_credentials', audience: MANAGEMENT_AUDIENCE })
        .expect(200)
      const authorization = { authorization: `Bearer ${token.access_token}` }
      for (const call of [
        request(own.app).delete(`/clients/${clientId}?dry_run=true`).set(authorization),
        request(own.app).post(`/clients/${clientId}?dry_run=true`).set(authorization).send({ api_grants: [] }),
      ]) {
        const { body } = await call.expect(409)
        expect(body.error_code).to.equal('last_manager')
      }
      await request(own.app).delete(`/clients/${clientId}?dry_run=true`).expect(401)
      const renamed = request(own.app).post(`/clients/${clientId}?dry_run=true`).set(authorization)
      expect((await renamed.send({ name: 'A' }).expect(200)).body.would).to.deep.equal(NOTHING)
      await own.server.close()
    })
  })
})
