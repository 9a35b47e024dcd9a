import { expect } from 'chai'
import request from 'supertest'
import type { AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import { type KeyServer, KeyStore } from '../support/key-server.js'
import { describeStores } from '../support/stores.js'
import { answerOf, type AuthorizeTest, Browser, CALLBACK, GOOD, VERIFIER, WEB } from './authorize/fixture.js'
import { addApi, addClient, type Parameters, postToken, SECRET } from './fixtures.js'

const AUDIENCE = 'https://web.example.com'
const REQUEST = { ...GOOD, audience: AUDIENCE, scope: 'read:users offline_access' }
/** When the other server has neither client nor API in its cache any more. */
const CACHED = 15_001
/** How long a refresh token lives. */
const LIFETIME = 2_592_000_000

const options: Partial<AuthorizationServerOptions> = {
  rateLimits: false,
  users: { authenticate: () => ({ id: 'ada' }), loginUrl: '/login' },
}

describeStores('what a user authorizes at one server while another one deletes', engine => {
  let keys: KeyStore
  let one: KeyServer
  let other: KeyServer
  let apiId: string
  let decide: () => Promise<string>

  beforeEach(async () => {
    keys = await KeyStore.open(engine)
    one = await keys.serve(options)
    other = await keys.serve(options)
    apiId = (await addApi(one.test, { identifier: AUDIENCE, allow_offline_access: true })).id
    await addClient(one.test, {
      ...{ id: WEB, application_type: 'web', grant_types: ['authorization_code', 'refresh_token'] },
      callbacks: [CALLBACK],
    })
    const browser = new Browser({ ...other.test, app: other.app } as unknown as AuthorizeTest)
    const page = await browser.authorize(REQUEST)
    expect(page.status).to.equal(200)
    decide = async () => answerOf(await browser.decide(page, 'allow'))['code'] ?? ''
  })
  afterEach(() => keys.close())

  const remove = (path: string) => request(one.app).delete(path).expect(204)
  const list = async ({ app }: KeyServer, path: string) => (await request(app).get(path).expect(200)).body.results
  const ask = (server: KeyServer, parameters: Parameters) =>
    postToken(server.app, { client_id: WEB, client_secret: SECRET, ...parameters })
  const exchange = (server: KeyServer, code: string) =>
    ask(server, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER })
  const refresh = (server: KeyServer, token: string) =>
    ask(server, { grant_type: 'refresh_token', refresh_token: token })

  /** It is shown, serves nobody, and goes with its time. */
  async function goesByItself(): Promise<void> {
    for (const server of [one, other]) {
      expect(await list(server, '/consents')).to.deep.equal([])
      const [grant, ...others] = await list(server, '/grants')
      expect(others).to.deep.equal([])
      expect(grant).to.include({ user: 'ada', client_id: WEB })
      await request(server.app).get(`/grants/${grant.id}`).expect(200)
    }
    keys.clock.advance(LIFETIME)
    for (const server of [one, other]) expect(await list(server, '/grants')).to.deep.equal([])
    expect(await one.test.server.context.records.grants.removeExpired()).to.equal(1)
  }

  it('a client: no consent is kept, and nothing can be refreshed once the deletion is known', async () => {
    await remove(`/clients/${WEB}`)
    const code = await decide()
    const { body } = await exchange(other, code).expect(200)
    keys.clock.advance(CACHED)
    for (const server of [one, other]) {
      const { body: refused } = await refresh(server, body.refresh_token).expect(401)
      expect(refused.error).to.equal('invalid_client')
    }
    await goesByItself()
  })

  it('a client: its code is worth nothing once the deletion is known', async () => {
    await remove(`/clients/${WEB}`)
    const code = await decide()
    keys.clock.advance(CACHED)
    for (const server of [one, other]) {
      const { body: refused } = await exchange(server, code).expect(401)
      expect(refused.error).to.equal('invalid_client')
    }
    await goesByItself()
  })

  it('an API: no consent is kept, and the grant is not one of an API that is registered again', async () => {
    await remove(`/apis/${apiId}`)
    const { body } = await exchange(other, await decide()).expect(200)
    await addApi(one.test, { id: 'api_again', identifier: AUDIENCE, allow_offline_access: true })
    keys.clock.advance(CACHED)
    for (const server of [one, other]) {
      const { status, body: refused } = await refresh(server, body.refresh_token)
      expect(status).to.equal(400)
      expect(refused).not.to.have.property('access_token')
    }
    await goesByItself()
  })

  it('is never that of a new client: ids are made here, and none comes twice', async () => {
    await remove(`/clients/${WEB}`)
    await request(one.app).post('/clients').send({ name: 'New', client_id: WEB }).expect(400)
    await request(one.app).post('/clients').send({ name: 'New', id: WEB }).expect(400)
    const { body } = await request(one.app).post('/clients').send({ name: 'New' }).expect(201)
    expect(body.client_id).to.match(/^cli_[0-9a-hjkmnp-tv-z]{26}$/)
  })

  it('a consent stays where nothing is deleted', async () => {
    await decide()
    expect(await list(one, '/consents')).to.have.length(1)
  })
})
