import { expect } from 'chai'
import express, { type Express } from 'express'
import request from 'supertest'
import { createLogIds } from '../../../lib/authorization-server/log/log-ids.js'
import {
  accountsByPath,
  type AuthorizationServer,
  authorizationServer,
} from '../../../lib/authorization-server/index.js'
import type { LogRecord } from '../../../lib/store/log-records.js'
import { describeStores } from '../../support/stores.js'
import { AUDIENCE, START, type TestClock, testClock } from '../fixtures.js'

type Said = Partial<LogRecord> & Pick<LogRecord, 'type'>

const CHANGES = [
  { field: 'token_lifetime', before: 60, after: 120 },
  { field: 'description', after: 'x' },
]

const RECORDS: Said[] = [
  { type: 'token.issued', client_id: 'cli_1', audience: AUDIENCE, scope: ['read:users', 'write:users'] },
  { type: 'token.issued', client_id: 'cli_2', user: 'ada', audience: AUDIENCE, scope: ['read:users'] },
  { type: 'token.refused', client_id: 'cli_1', code: 'invalid_client', detail: 'wrong_secret', address: '203.0.113.7' },
  { type: 'token.refused', code: 'invalid_request', detail: 'no_grant_type', address: '2001:db8::1' },
  { type: 'api.updated', actor: 'manager', target: 'api_1', changes: CHANGES },
  { type: 'grant.revoked', client_id: 'cli_2', user: 'ada', audience: AUDIENCE, target: 'gra_1' },
]

describeStores('GET /logs', engine => {
  let app: Express
  let server: AuthorizationServer
  let clock: TestClock
  const scopes = ['read:logs']
  let ids: string[]

  before(async () => {
    clock = testClock()
    server = await authorizationServer({
      ...{ clock, accounts: accountsByPath('https://id.example.com', ['acme', 'globex']) },
      store: await engine.open(clock),
      authorizeAdmin: () => ({ scopes }),
      onEvent: () => undefined,
    })
    app = express().use(server.adminRouter)
    const { logs } = server.context.records
    // Those of the start are not what is looked at.
    await server.context.log.settled()
    for (const account of ['acme', 'globex']) {
      for (const { id } of (await logs.find(account, { limit: 200 })).records) await logs.remove(account, id)
    }
    const createLogId = createLogIds()
    const records = RECORDS.map((said, i) => {
      const createdAt = new Date(START + i)
      const own = { id: createLogId(START + i), account: 'acme', revision: 1, createdAt, updatedAt: createdAt }
      return { ...own, ...said, expires_at: new Date(START + 86_400_000) }
    })
    await logs.insertMany(records)
    ids = records.map(({ id }) => id)
  })
  after(() => server.close())

  const get = (query: string, account = 'acme') => request(app).get(`/t/${account}/logs`).query({ query })
  const indexesOf = (results: { id: string }[]): number[] => results.map(({ id }) => ids.indexOf(id)).reverse()

  it('shows what each record knows, the newest first', async () => {
    const { body, headers } = await get('').expect(200)
    expect(body.next).to.equal(null)
    expect(headers['cache-control']).to.equal('no-store')
    expect(indexesOf(body.results)).to.deep.equal([0, 1, 2, 3, 4, 5])
    const [, updated, refused] = body.results
    const changes = [CHANGES[0], { field: 'description', before: null, after: 'x' }]
    expect(updated).to.deep.equal({ ...RECORDS[4], changes, id: ids[4], createdAt: new Date(START + 4).toISOString() })
    expect(refused).to.deep.equal({ ...RECORDS[3], id: ids[3], createdAt: new Date(START + 3).toISOString() })
  })

  it('shows one record', async () => {
    const { body } = await request(app).get(`/t/acme/logs/${ids[2]}`).expect(200)
    expect(body).to.deep.equal({ ...RECORDS[2], id: ids[2], createdAt: new Date(START + 2).toISOString() })
  })

  const queries: { query: string; fit: number[] }[] = [
    { query: 'type:token.issued', fit: [0, 1] },
    { query: 'type:token.*', fit: [0, 1, 2, 3] },
    { query: 'type!:token.issued type!:token.refused', fit: [4, 5] },
    { query: 'client_id:cli_1', fit: [0, 2] },
    { query: 'client_id:cli_1 type:token.refused', fit: [2] },
    { query: 'user:ada', fit: [1, 5] },
    { query: `audience:${AUDIENCE}`, fit: [0, 1, 5] },
    { query: 'scope:read:users', fit: [0, 1] },
    { query: 'scope:write:users', fit: [0] },
    { query: 'code:invalid_client', fit: [2] },
    { query: 'detail:no_grant_type', fit: [3] },
    { query: 'actor:manager', fit: [4] },
    { query: 'target:gra_1', fit: [5] },
    { query: 'changes.field:token_lifetime', fit: [4] },
    { query: 'changes.field:name', fit: [] },
    { query: 'address:203.0.113.7', fit: [2] },
    { query: 'address:2001:db8::1', fit: [3] },
    { query: `createdAt:>=${new Date(START + 4).toISOString()}`, fit: [4, 5] },
    { query: `createdAt:<${new Date(START + 1).toISOString()}`, fit: [0] },
    { query: 'gra_1', fit: [5] },
    { query: 'type:nothing', fit: [] },
  ]
  for (const { query, fit } of queries) {
    it(`finds ${JSON.stringify(fit)} by ${query}`, async () => {
      const { body } = await get(query).expect(200)
      expect(indexesOf(body.results)).to.deep.equal(fit)
    })
  }

  it('is walked by a cursor, each record once', async () => {
    const seen: string[] = []
    let next: string | null = ''
    while (next !== null) {
      const path: string = `/t/acme/logs?pageSize=2${next === '' ? '' : `&next=${encodeURIComponent(next)}`}`
      const { body }: { body: { results: { id: string }[]; next: string | null } } = await request(app)
        .get(path)
        .expect(200)
      seen.push(...body.results.map(({ id }) => id))
      next = body.next
    }
    expect(seen.reverse()).to.deep.equal(ids)
  })

  it('shows nothing of another account', async () => {
    expect((await get('', 'globex').expect(200)).body.results).to.deep.equal([])
    await request(app).get(`/t/globex/logs/${ids[0]}`).expect(404)
  })

  const misuses: { path: string; status: number; code: string }[] = [
    { path: '/logs?query=changes:x', status: 400, code: 'invalid_query' },
    { path: '/logs?query=expires_at:x', status: 400, code: 'invalid_query' },
    { path: '/logs?query=account:acme', status: 400, code: 'invalid_query' },
    { path: '/logs?query=type:>a', status: 400, code: 'invalid_query' },
    { path: '/logs?pageSize=201', status: 400, code: 'validation_error' },
    { path: '/logs?type=token.issued', status: 400, code: 'validation_error' },
    { path: '/logs?next=abc', status: 400, code: 'validation_error' },
    { path: '/logs/log_1', status: 404, code: 'not_found' },
    { path: '/logs/$ne', status: 404, code: 'not_found' },
  ]
  for (const { path, status, code } of misuses) {
    it(`answers ${path} with ${status}`, async () => {
      const { body } = await request(app).get(`/t/acme${path}`).expect(status)
      expect(body.error_code).to.equal(code)
    })
  }

  for (const method of ['post', 'delete', 'put', 'patch'] as const) {
    it(`is read-only: ${method}`, async () => {
      const { headers } = await request(app)[method](`/t/acme/logs/${ids[0]}`).expect(405)
      expect(headers['allow']).to.equal('GET, HEAD')
    })
  }

  it('needs read:logs of whoever checks calls', async () => {
    const asked: string[] = []
    const other = await authorizationServer({
      ...{ issuer: 'https://id.example.com', store: await engine.open() },
      authorizeAdmin(_req, scope) {
        asked.push(scope)
        return { scopes }
      },
    })
    const own = express().use(other.adminRouter)
    await request(own).get('/logs').expect(200)
    await request(own).get('/logs/log_1').expect(404)
    expect(asked).to.deep.equal(['read:logs', 'read:logs'])
    await other.close()
  })

  const actors: { actor: unknown; status: number }[] = [
    { actor: 'ada@example.com', status: 201 },
    { actor: undefined, status: 201 },
    { actor: '', status: 500 },
    { actor: 'a b', status: 500 },
    { actor: 'x'.repeat(256), status: 500 },
    { actor: 7, status: 500 },
    { actor: null, status: 500 },
    { actor: { $ne: '' }, status: 500 },
  ]
  it('has whom the host names as the actor, checked for its shape', async () => {
    let actor: unknown
    const other = await authorizationServer({
      ...{ issuer: 'https://id.example.com', store: await engine.open() },
      authorizeAdmin: () => ({ scopes: ['create:clients', 'read:logs'], actor }) as { scopes: string[]; actor: string },
    })
    const own = express().use(other.adminRouter)
    for (const row of actors) {
      actor = row.actor
      await request(own).post('/clients').send({ name: 'A' }).expect(row.status)
    }
    actor = 'reader'
    const { body } = await request(own).get('/logs').query({ query: 'type:client.created' }).expect(200)
    const named = body.results.map((record: Body) => record['actor'])
    expect(named).to.have.members(['ada@example.com', undefined])
    await other.close()
  })

  type Body = Record<string, unknown>
})
