import { expect } from 'chai'
import request from 'supertest'
import { issueCode } from '../../lib/authorization-server/grants/authorization-codes.js'
import type { AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import { readPage, rowsOf, sectionOf } from '../support/docs.js'
import { type KeyServer, KeyStore } from '../support/key-server.js'
import { describeStores } from '../support/stores.js'
import { addApi, addClient, AUDIENCE, CLIENT_ID, GOOD, type Parameters, postToken } from './fixtures.js'
import { exchangeOf, REDIRECT, refreshOf, requestFor, USER } from './user-fixtures.js'

const ORIGIN = 'https://app.example.com'
const WEB = 'cli_web'
const WEB_AUDIENCE = 'https://web.example.com'

const rows = rowsOf(sectionOf(readPage('scaling.md'), '## How long a change takes'))

/** Milliseconds that docs/scaling.md gives the other processes. */
function documentedAge(change: string): number {
  const [, age = ''] = rows.find(([what]) => what === change) ?? []
  if (age === 'at once') return 0
  const [, seconds = ''] = /^(\d+) s\b/.exec(age) ?? []
  if (seconds === '') throw new Error(`docs/scaling.md has no row "${change}"`)
  return Number(seconds) * 1000
}

const options: Partial<AuthorizationServerOptions> = {
  rateLimits: false,
  revocation: { accessTokens: true },
  users: { authenticate: () => ({ id: USER }), loginUrl: '/login' },
}

/** How a change is made by the first server, and how to see that it is not known to a server yet. */
interface Change {
  /** As the table names it. */
  name: string
  /** Before any server has looked. */
  prepare?(): Promise<unknown>
  make(): Promise<unknown>
  isUnseenBy(server: KeyServer): Promise<boolean>
}

describeStores('what one server has changed', engine => {
  let keys: KeyStore
  let one: KeyServer
  let other: KeyServer
  let made: string
  let refreshToken: string

  beforeEach(async () => {
    keys = await KeyStore.open(engine)
    one = await keys.serve(options)
    other = await keys.serve(options)
  })
  afterEach(() => keys.close())

  const records = () => one.test.server.context.records
  const status = async ({ app }: KeyServer, changes: Parameters = {}) =>
    (await postToken(app, { ...GOOD, ...changes })).status
  const manage = (method: 'post' | 'delete', path: string, body = {}) => {
    const sent = request(one.app)[method](path)
    return (method === 'post' ? sent.send(body) : sent).expect(({ ok, text }) => expect(ok, text).to.equal(true))
  }
  const apiId = async () => (await request(one.app).get(`/apis?query=identifier:"${AUDIENCE}"`)).body.results[0].id
  const introspect = async ({ app }: KeyServer, token: string) => {
    const { client_id = '', client_secret = '' } = GOOD
    const sent = request(app).post('/oauth/introspect').auth(client_id, client_secret).type('form').send({ token })
    return (await sent.expect(200)).body.active
  }

  /** The user has authorized a client, which has exchanged its code at the other server. */
  async function authorize(consentId?: string): Promise<void> {
    const { context } = one.test.server
    const now = keys.clock.now()
    const api = await addApi(one.test, { identifier: WEB_AUDIENCE, allow_offline_access: true })
    const client = await addClient(one.test, {
      ...{ id: WEB, token_endpoint_auth_method: 'none', secrets: [], application_type: 'spa', callbacks: [REDIRECT] },
      grant_types: ['authorization_code', 'refresh_token'],
    })
    const asked = requestFor(api, client, now, { scope: ['read:users', 'offline_access'] })
    const decision = { request: { ...asked, audience: WEB_AUDIENCE }, user: { id: USER }, scope: asked.scope }
    const { code } = await issueCode({ ...decision, ...(consentId !== undefined && { consentId }) }, context)
    const { body } = await postToken(other.app, exchangeOf(code, { client_id: WEB })).expect(200)
    refreshToken = body.refresh_token
  }

  async function consent(): Promise<void> {
    const now = new Date(keys.clock.now())
    const times = { revision: 1, createdAt: now, updatedAt: now }
    made = 'con_1'
    await records().consents.insert({
      ...{ id: made, account: 'default', ...times, user: USER, client_id: WEB, audience: WEB_AUDIENCE },
      ...{ scope: ['read:users'], key: 'k' },
    })
    await authorize(made)
  }

  /** Can the refresh token be used? Then the next one is kept. */
  async function refreshes({ app }: KeyServer): Promise<boolean> {
    const { status: answered, body } = await postToken(app, refreshOf(refreshToken, { client_id: WEB }))
    if (answered === 200) refreshToken = body.refresh_token
    return answered === 200
  }

  const secretId = async () => (await request(one.app).get(`/clients/${CLIENT_ID}`)).body.secrets[0].id
  const addSecret = async () => {
    made = (await manage('post', `/clients/${CLIENT_ID}/secrets`)).body.client_secret
  }
  const narrow = (api_grants: object[]) => manage('post', `/clients/${CLIENT_ID}`, { api_grants })
  const allowedOrigin = async ({ app }: KeyServer) => {
    const asked = request(app).options('/oauth/token').set({ origin: ORIGIN, 'access-control-request-method': 'POST' })
    const answers = [await asked, await postToken(app, GOOD).set('origin', ORIGIN)]
    return answers.some(({ headers }) => headers['access-control-allow-origin'] === ORIGIN)
  }
  const signerNow = async () => {
    made = await one.kidOf('current')
  }

  const changes: Change[] = [
    {
      name: 'a secret of a client is deleted',
      prepare: addSecret,
      make: async () => manage('delete', `/clients/${CLIENT_ID}/secrets/${await secretId()}`),
      isUnseenBy: async server => (await status(server)) === 200,
    },
    {
      name: 'a secret is added to a client',
      prepare: () => status(other),
      make: addSecret,
      isUnseenBy: async server => (await status(server, { client_secret: made })) === 401,
    },
    {
      name: 'a client is deleted',
      make: () => manage('delete', `/clients/${CLIENT_ID}`),
      isUnseenBy: async server => (await status(server)) === 200,
    },
    {
      name: 'the `api_grants` of a client are changed',
      make: () => narrow([{ audience: AUDIENCE, scope: ['write:users'] }]),
      isUnseenBy: async server => (await status(server, { scope: 'read:users' })) === 200,
    },
    {
      name: 'the `web_origins` of a client are changed',
      prepare: () => manage('post', `/clients/${CLIENT_ID}`, { web_origins: [ORIGIN] }),
      make: () => manage('post', `/clients/${CLIENT_ID}`, { web_origins: [] }),
      isUnseenBy: allowedOrigin,
    },
    {
      name: 'a permission is removed from an API, or added',
      make: async () => manage('post', `/apis/${await apiId()}`, { permissions: [{ value: 'write:users' }] }),
      isUnseenBy: async server => (await status(server, { scope: 'read:users' })) === 200,
    },
    {
      name: 'an API is deleted',
      make: async () => manage('delete', `/apis/${await apiId()}`),
      isUnseenBy: async server => (await status(server)) === 200,
    },
    {
      name: 'an API or a client is made, for which somebody has asked in vain',
      make: () => manage('post', '/apis', { name: 'New', identifier: WEB_AUDIENCE, permissions: [{ value: 'a' }] }),
      isUnseenBy: async server => (await status(server, { audience: WEB_AUDIENCE })) !== 200,
    },
    {
      name: 'the keys are rotated, or one is deleted: which key signs',
      prepare: signerNow,
      make: () => one.rotate({ force: true }).expect(200),
      isUnseenBy: async server => (await server.signer()) === made,
    },
    {
      name: 'the keys are rotated, or one is deleted: which key signs',
      prepare: signerNow,
      make: () => one.remove(made, '?replace=true').expect(204),
      isUnseenBy: async server => (await server.signer()) === made,
    },
    {
      name: 'a grant is deleted, or ends because a token was used twice',
      prepare: () => authorize(),
      make: async () => manage('delete', `/grants/${(await request(one.app).get('/grants')).body.results[0].id}`),
      isUnseenBy: refreshes,
    },
    {
      name: 'a consent is deleted',
      prepare: consent,
      make: () => manage('delete', `/consents/${made}`),
      isUnseenBy: refreshes,
    },
    {
      name: 'an access token or a refresh token is revoked',
      prepare: async () => {
        made = await one.token()
      },
      make: () =>
        request(one.app)
          .post('/oauth/revoke')
          .type('form')
          .send({ ...GOOD, token: made })
          .expect(200),
      isUnseenBy: server => introspect(server, made),
    },
  ]

  for (const { name, prepare, make, isUnseenBy } of changes) {
    it(`${name}: seen there at once, by the other one when the documented time is over`, async () => {
      await prepare?.()
      const age = documentedAge(name)
      for (const server of [one, other]) expect(await isUnseenBy(server), 'before').to.equal(true)
      await make()
      expect(await isUnseenBy(one), 'here').to.equal(false)
      if (age > 0) {
        keys.clock.advance(age - 1)
        expect(await isUnseenBy(other), 'a millisecond before').to.equal(true)
        keys.clock.advance(2)
      }
      expect(await isUnseenBy(other), 'after').to.equal(false)
    })
  }

  it('a key is deleted: what it has signed is accepted by the other one as long as is documented', async () => {
    const age = documentedAge(
      'a key is deleted: tokens of it are accepted by the management API, introspection, `/userinfo`',
    )
    const token = await one.token()
    await one.remove(await one.kidOf('current'), '?replace=true').expect(204)
    expect(await introspect(one, token)).to.equal(false)
    // The ring was read by the start, the key set is read from it as late as can be.
    keys.clock.advance(age / 2 - 1)
    expect(await introspect(other, token)).to.equal(true)
    keys.clock.advance(age / 2 - 1)
    expect(await introspect(other, token)).to.equal(true)
    keys.clock.advance(3)
    expect(await introspect(other, token)).to.equal(false)
  })

  it('every row is held by a test', () => {
    const held = changes.map(({ name }) => name)
    for (const [name = ''] of rows.filter(([, age = '']) => age === 'at once' || /^\d+ s$/.test(age))) {
      // The first is the test above; any-process.test.ts has the other one.
      if (!/^(?:a key is deleted: tokens|a user signs out)/.test(name)) expect(held).to.include(name)
    }
  })
})
