import { expect } from 'chai'
import type express from 'express'
import request from 'supertest'
import { MANAGEMENT_AUDIENCE } from '../../../lib/authorization-server/context/context.js'
import { createSecret } from '../../../lib/authorization-server/clients/client-secrets.js'
import { ManagementError } from '../../../lib/index.js'
import type { ApiRecord, ClientRecord } from '../../../lib/store/records.js'
import { adminApp } from '../../support/admin-app.js'
import { describeStores, type StoreEngine, storeEngines } from '../../support/stores.js'
import { watchedStore } from '../../support/watched-store.js'
import { AUDIENCE, CLIENT_ID, ISSUER, mount, SECRET, START } from '../fixtures.js'
import { startFlow, USER, type UserFlow } from '../user-fixtures.js'

/** A permission of neither API, nor of the client. */
const NOWHERE = 'nowhere'

describeStores('a preview', engine => {
  let flow: UserFlow
  let app: express.Express
  let scopes: string[]
  const writes: string[] = []

  before(async () => {
    const open = async (clock?: { now(): number }) => watchedStore(await engine.open(clock), writes)
    flow = await startFlow(
      { open },
      {
        client: {
          token_endpoint_auth_method: 'client_secret_basic',
          secrets: [createSecret(SECRET, START)],
          grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
        },
        options: {
          authorizeAdmin: (_req, scope) => {
            if (!scopes.includes(scope)) throw new ManagementError('insufficient_scope', 'no')
            return { scopes }
          },
        },
      },
    )
    app = mount('/', flow.server.adminRouter, flow.server.router)
  })
  beforeEach(async () => {
    scopes = ['read:apis']
    await flow.reset()
  })
  after(() => flow.close())

  const preview = (body: object | string, path = `/apis/${flow.api.id}/preview`): request.Test =>
    request(app).post(path).send(body)

  const claims = (own: object): object => ({
    ...{ iss: ISSUER, aud: AUDIENCE, client_id: CLIENT_ID, account: 'default' },
    ...{ iat: START / 1000, exp: START / 1000 + 3600, ...own },
  })

  const rows: {
    description: string
    body?: object
    api?: Partial<ApiRecord>
    client?: Partial<ClientRecord>
    /** What the user may have; absent: all. */
    may?: string[]
    /** Absent: nothing is granted. */
    granted?: string
    error?: string
    dropped?: Record<string, string>
  }[] = [
    { description: 'without scope is of all permissions, and drops nothing', granted: 'read:users write:users' },
    {
      description: 'without scope drops nothing of what the ceiling leaves out',
      client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users', NOWHERE] }] },
      granted: 'read:users',
    },
    {
      description: 'names what is no permission, once',
      body: { scope: `read:users ${NOWHERE} ${NOWHERE}` },
      granted: 'read:users',
      dropped: { [NOWHERE]: 'not_in_catalogue' },
    },
    {
      description: 'names what api_grants leave out',
      body: { scope: 'read:users write:users' },
      client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
      granted: 'read:users',
      dropped: { 'write:users': 'outside_api_grants' },
    },
    {
      description: 'names the catalogue where both leave a scope out',
      body: { scope: `read:users ${NOWHERE}` },
      client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
      granted: 'read:users',
      dropped: { [NOWHERE]: 'not_in_catalogue' },
    },
    {
      description: 'drops nothing for the catalogue where the API enforces no policies',
      body: { scope: `read:users ${NOWHERE}` },
      api: { enforce_policies: false },
      granted: `read:users ${NOWHERE}`,
    },
    {
      description: 'names api_grants, and not the catalogue, where the API enforces no policies',
      body: { scope: `read:users ${NOWHERE}` },
      api: { enforce_policies: false },
      client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
      granted: 'read:users',
      dropped: { [NOWHERE]: 'outside_api_grants' },
    },
    {
      description: 'drops scopes of OpenID Connect, offline_access among them, without a user',
      body: { scope: 'openid offline_access read:users phone' },
      granted: 'read:users',
      dropped: { openid: 'openid_scope', offline_access: 'openid_scope', phone: 'openid_scope' },
    },
    {
      description: 'names every reason where nothing is left',
      body: { scope: `write:users ${NOWHERE} openid` },
      client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
      error: 'invalid_scope',
      dropped: { 'write:users': 'outside_api_grants', [NOWHERE]: 'not_in_catalogue', openid: 'openid_scope' },
    },
    {
      description: 'names every reason where api_grants grant nothing of the API',
      body: { scope: `write:users ${NOWHERE}` },
      client: { api_grants: [{ audience: AUDIENCE, scope: [] }] },
      error: 'invalid_scope',
      dropped: { 'write:users': 'outside_api_grants', [NOWHERE]: 'not_in_catalogue' },
    },
    {
      description: 'without scope drops nothing of api_grants that grant nothing',
      client: { api_grants: [{ audience: AUDIENCE, scope: [] }] },
      error: 'invalid_scope',
    },
    {
      description: 'is refused where api_grants do not name the API',
      body: { scope: 'read:users' },
      client: { api_grants: [] },
      error: 'invalid_target',
    },
    {
      description: 'is refused where the client has not the grant',
      client: { grant_types: ['authorization_code'] },
      error: 'unauthorized_client',
    },
    {
      description: 'is refused where the client is public',
      client: { token_endpoint_auth_method: 'none' },
      error: 'unauthorized_client',
    },
    { description: 'is refused for a doubled blank', body: { scope: 'read:users  x' }, error: 'invalid_scope' },
    { description: 'is of all for an empty scope', body: { scope: '' }, granted: 'read:users write:users' },
    {
      description: 'of a user has what the user may have',
      body: { user: USER, scope: 'read:users write:users openid' },
      may: ['read:users'],
      granted: 'read:users openid',
      dropped: { 'write:users': 'not_this_users' },
    },
    { description: 'of a user is of nothing of the API without scope', body: { user: USER }, granted: '' },
    {
      description: 'of a user is denied where the user may have nothing of it',
      body: { user: USER, scope: `read:users ${NOWHERE} openid` },
      may: [],
      error: 'access_denied',
      dropped: { 'read:users': 'not_this_users', [NOWHERE]: 'not_in_catalogue' },
    },
    {
      description: 'of a user does not ask the host for what is out anyway',
      body: { user: USER, scope: 'read:users write:users' },
      client: { api_grants: [{ audience: AUDIENCE, scope: ['read:users'] }] },
      may: ['read:users'],
      granted: 'read:users',
      dropped: { 'write:users': 'outside_api_grants' },
    },
    {
      description: 'of a user drops those of OpenID Connect that are not served',
      body: { user: USER, scope: 'openid phone profile address email' },
      granted: 'openid profile email',
      dropped: { phone: 'openid_scope', address: 'openid_scope' },
    },
    {
      description: 'of a user has offline_access where API and client allow it',
      body: { user: USER, scope: 'offline_access read:users' },
      granted: 'read:users offline_access',
    },
    {
      description: 'of a user names the API that allows none',
      body: { user: USER, scope: 'offline_access read:users' },
      api: { allow_offline_access: false },
      granted: 'read:users',
      dropped: { offline_access: 'offline_access_not_allowed' },
    },
    {
      description: 'of a user names the client that has not the grant',
      body: { user: USER, scope: 'offline_access read:users' },
      client: { grant_types: ['authorization_code'] },
      granted: 'read:users',
      dropped: { offline_access: 'client_has_no_refresh_token_grant' },
    },
    {
      description: 'of a user names the API first where both do not allow it',
      body: { user: USER, scope: 'offline_access read:users' },
      api: { allow_offline_access: false },
      client: { grant_types: ['authorization_code'] },
      granted: 'read:users',
      dropped: { offline_access: 'offline_access_not_allowed' },
    },
    {
      description: 'of a user is refused where the client has not the grant',
      body: { user: USER, scope: 'read:users' },
      client: { grant_types: ['client_credentials'] },
      error: 'unauthorized_client',
    },
    {
      description: 'of a user is refused where api_grants do not name the API',
      body: { user: USER, scope: 'read:users' },
      client: { api_grants: [] },
      error: 'invalid_target',
    },
    {
      description: 'of a refresh is of what was allowed and may still be had',
      body: { user: USER, grant_type: 'refresh_token', scope: 'read:users write:users openid' },
      may: ['write:users'],
      granted: 'write:users openid offline_access',
      dropped: { 'read:users': 'not_this_users' },
    },
    {
      description: 'of a refresh is refused where the API allows none any more, asked or not',
      body: { user: USER, grant_type: 'refresh_token', scope: 'read:users' },
      api: { allow_offline_access: false },
      error: 'invalid_grant',
      dropped: { offline_access: 'offline_access_not_allowed' },
    },
    {
      description: 'of a refresh is refused where nothing is left',
      body: { user: USER, grant_type: 'refresh_token', scope: `read:users ${NOWHERE} openid` },
      may: [],
      error: 'invalid_grant',
      dropped: { 'read:users': 'not_this_users', [NOWHERE]: 'not_in_catalogue' },
    },
    {
      description: 'of a refresh is refused where the client has not the grant',
      body: { user: USER, grant_type: 'refresh_token' },
      client: { grant_types: ['authorization_code'] },
      error: 'unauthorized_client',
    },
  ]
  for (const { description, body = {}, api = {}, client = {}, may, granted, error, dropped = {} } of rows) {
    it(description, async () => {
      await flow.changeApi(api)
      await flow.changeClient(client)
      flow.host.permissions = may
      writes.length = 0
      const answer = await preview({ client_id: CLIENT_ID, ...body }).expect(200)
      const { dropped: named, ...rest } = answer.body
      const sub = 'user' in body ? USER : CLIENT_ID
      expect(rest).to.deep.equal(
        granted === undefined
          ? { granted: false, error, claims: {} }
          : { granted: true, claims: claims({ sub, scope: granted }) },
      )
      expect(named).to.have.deep.members(Object.entries(dropped).map(([scope, reason]) => ({ scope, reason })))
      expect(answer.headers['cache-control']).to.equal('no-store')
      expect(writes).to.deep.equal([])
      expect(flow.events).to.deep.equal([])
    })
  }

  it('has the permissions of the dialect, and the lifetime of the API', async () => {
    await flow.changeApi({ token_dialect: 'access_token_authz', token_lifetime: 60, enforce_policies: false })
    for (const [body, sub] of [
      [{}, CLIENT_ID],
      [{ user: USER }, USER],
    ] as const) {
      const { body: said } = await preview({ client_id: CLIENT_ID, scope: `read:users ${NOWHERE}`, ...body })
      const own = { sub, scope: `read:users ${NOWHERE}`, permissions: ['read:users'], exp: START / 1000 + 60 }
      expect(said.claims).to.deep.equal(claims(own))
    }
  })

  it('of a user flow without a user is of one who may have everything, and names nobody', async () => {
    flow.host.permissions = []
    const { body } = await preview({ client_id: CLIENT_ID, grant_type: 'authorization_code', scope: 'read:users x' })
    expect(body).to.deep.equal({
      ...{ granted: true, claims: claims({ scope: 'read:users' }) },
      dropped: [{ scope: 'x', reason: 'not_in_catalogue' }],
    })
    expect(flow.host.asked).to.deep.equal([])
  })

  it('tells the host whose permissions it wants to know', async () => {
    await preview({ client_id: CLIENT_ID, user: 'grace', scope: 'read:users openid' }).expect(200)
    expect(flow.host.asked).not.to.have.length(0)
    for (const asked of flow.host.asked) {
      expect(asked).to.deep.equal({ of: 'permissions', user: 'grace', scopes: ['read:users'] })
    }
  })

  it('is of the management API for clients whose api_grants name it alone', async () => {
    const system = await flow.server.context.registry.api('default', MANAGEMENT_AUDIENCE)
    const path = `/apis/${system?.id}/preview`
    const body = { client_id: CLIENT_ID, scope: 'read:apis read:keys' }
    expect((await preview(body, path).expect(200)).body).to.deep.include({ granted: false, error: 'invalid_target' })
    await flow.changeClient({ api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: ['read:apis'] }] })
    const { body: said } = await preview(body, path).expect(200)
    expect(said).to.deep.include({ granted: true, dropped: [{ scope: 'read:keys', reason: 'outside_api_grants' }] })
    expect(said.claims).to.include({ aud: MANAGEMENT_AUDIENCE, scope: 'read:apis' })
  })

  it('is 503 where the host cannot say what the user may have', async () => {
    flow.host.fault = true
    const { body, headers } = await preview({ client_id: CLIENT_ID, user: USER, scope: 'read:users' }).expect(503)
    expect(body.error_code).to.equal('unavailable')
    expect(headers['retry-after']).to.equal('5')
  })

  const refusals: { description: string; body: object | string; status: number; path?: string; field?: string }[] = [
    { description: 'no client', body: {}, status: 400, field: 'client_id' },
    { description: 'a client id that is no text', body: { client_id: 1 }, status: 400, field: 'client_id' },
    { description: 'an empty client id', body: { client_id: '' }, status: 400, field: 'client_id' },
    { description: 'a client id with a blank', body: { client_id: 'a b' }, status: 400, field: 'client_id' },
    { description: 'an unknown client', body: { client_id: 'cli_unknown' }, status: 404 },
    { description: 'a scope that is a list', body: { scope: ['read:users'] }, status: 400, field: 'scope' },
    { description: 'a scope that is null', body: { scope: null }, status: 400, field: 'scope' },
    { description: 'a scope above 64 KB', body: { scope: 'x'.repeat(65_537) }, status: 400, field: 'scope' },
    { description: 'an unknown grant type', body: { grant_type: 'password' }, status: 400, field: 'grant_type' },
    { description: 'a user who is no text', body: { user: {} }, status: 400, field: 'user' },
    { description: 'an empty user', body: { user: '' }, status: 400, field: 'user' },
    { description: 'a user with a line break', body: { user: 'a\nb' }, status: 400, field: 'user' },
    { description: 'a user of 256 characters', body: { user: 'x'.repeat(256) }, status: 400, field: 'user' },
    {
      description: 'a user with client credentials',
      body: { user: USER, grant_type: 'client_credentials' },
      status: 400,
      field: 'user',
    },
    { description: 'an unknown field', body: { audience: AUDIENCE }, status: 400, field: 'audience' },
    { description: 'a query parameter', body: {}, path: '?dry_run=true', status: 400, field: 'dry_run' },
    { description: 'a body that is no JSON', body: '{', status: 400 },
    { description: 'a list', body: [], status: 400 },
  ]
  for (const { description, body, status, path = '', field } of refusals) {
    it(`refuses ${description} with ${status}`, async () => {
      writes.length = 0
      const isWhole = typeof body === 'string' || Array.isArray(body) || description === 'no client'
      const sent = isWhole ? body : { client_id: CLIENT_ID, ...body }
      const answer = await preview(sent, `/apis/${flow.api.id}/preview${path}`).type('json').expect(status)
      if (field !== undefined) expect(answer.body.details.fields).to.deep.equal([field])
      expect(writes).to.deep.equal([])
    })
  }

  it('refuses an unknown API, a body that is no JSON by its type or above 4 MB, and other methods', async () => {
    await preview({ client_id: CLIENT_ID }, '/apis/api_unknown/preview').expect(404)
    await preview('client_id=x').type('form').expect(415)
    await preview({ client_id: CLIENT_ID, scope: 'x'.repeat(4 * 1024 * 1024) }).expect(413)
    const { headers } = await request(app).get(`/apis/${flow.api.id}/preview`).expect(405)
    expect(headers['allow']).to.equal('POST')
  })

  it('needs read:apis', async () => {
    scopes = ['update:apis', 'create:apis', 'read:clients']
    await preview({ client_id: CLIENT_ID }).expect(403)
  })
})

const [embedded] = storeEngines as [StoreEngine]

describe('a preview where nobody signs in', () => {
  const cases: { description: string; body: object; field: string }[] = [
    { description: 'a user', body: { user: USER }, field: 'user' },
    { description: 'a user of a refresh', body: { user: USER, grant_type: 'refresh_token' }, field: 'user' },
    { description: 'authorization_code', body: { grant_type: 'authorization_code' }, field: 'grant_type' },
    { description: 'refresh_token', body: { grant_type: 'refresh_token' }, field: 'grant_type' },
  ]
  for (const { description, body, field } of cases) {
    it(`refuses ${description}, naming ${field}`, async () => {
      const { app, server } = await adminApp(embedded)
      const { body: api } = await request(app).post('/apis').send({ name: 'A', identifier: AUDIENCE })
      const { body: client } = await request(app).post('/clients').send({ name: 'A', application_type: 'web' })
      const sent = { client_id: client.client_id, ...body }
      const answer = await request(app).post(`/apis/${api.id}/preview`).send(sent).expect(400)
      expect(answer.body.error_code).to.equal('validation_error')
      expect(answer.body.details.fields).to.deep.equal([field])
      await server.close()
    })
  }
})
