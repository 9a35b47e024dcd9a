import { expect } from 'chai'
import express from 'express'
import * as oauth from 'oauth4webapi'
import request from 'supertest'
import { resourceServer } from '../../lib/index.js'
import { listen, type Running } from '../support/running.js'
import { storeEngines } from '../support/stores.js'
import { addFamily, AUDIENCE, ISSUER, SECRET, USER, type UserServer, userServer } from '../support/user-tokens.js'

const [engine] = storeEngines
const CLIENT: oauth.Client = { client_id: 'cli_app' }

describe('revocation, introspection and /userinfo, by a client written elsewhere and by a guard of ours', () => {
  let test: UserServer
  let running: Running
  let local: typeof fetch
  let options: { [oauth.customFetch]: (url: string, init: object) => Promise<Response> }
  let as: oauth.AuthorizationServer
  beforeEach(async () => {
    if (engine === undefined) throw new Error('no engine')
    test = await userServer(engine, { revocation: { accessTokens: true } })
    running = await listen(() => test.app)
    local = (input, init) => fetch(String(input).replace(ISSUER, running.url), init)
    options = { [oauth.customFetch]: (url: string, init: object) => local(url, init) }
    await test.addClient()
    const response = await oauth.discoveryRequest(new URL(ISSUER), options)
    as = await oauth.processDiscoveryResponse(new URL(ISSUER), response)
  })
  afterEach(async () => {
    await running.stop()
    await test.server.close()
  })

  async function tokens() {
    const api = await test.addApi()
    const scope = ['read:users', 'openid', 'profile', 'offline_access']
    const { grant, token } = await addFamily(test, { api_id: api.id, scope, claims: '{"name":"Ada"}' })
    return { refresh: token, access: await test.sign(grant) }
  }
  const basic = oauth.ClientSecretBasic(SECRET)
  const isActive = async (token: string) => {
    const response = await oauth.introspectionRequest(as, CLIENT, basic, token, options)
    return (await oauth.processIntrospectionResponse(as, CLIENT, response)).active
  }
  const revoke = async (token: string) =>
    oauth.processRevocationResponse(await oauth.revocationRequest(as, CLIENT, basic, token, options))

  it('work as the standards say', async () => {
    const { refresh, access } = await tokens()
    const response = await oauth.userInfoRequest(as, CLIENT, access, options)
    expect(await oauth.processUserInfoResponse(as, CLIENT, USER, response)).to.deep.equal({ sub: USER, name: 'Ada' })
    expect(await isActive(access)).to.equal(true)
    await revoke(access)
    expect(await isActive(access)).to.equal(false)
    expect(await isActive(refresh)).to.equal(true)
    await revoke(refresh)
    expect(await isActive(refresh)).to.equal(false)
  })

  it('a guard with introspection sees the end of a grant at once; one without sees it when the token expires', async () => {
    const { refresh, access } = await tokens()
    const introspection = { clientId: 'cli_app', clientSecret: SECRET, maxAge: 0 }
    const common = { issuer: ISSUER, audience: AUDIENCE, fetch: local, clock: test.clock }
    const app = express()
    const answer = (_req: unknown, res: express.Response) => void res.json({})
    app.get('/asks', resourceServer({ ...common, introspection }).requireScope('read:users'), answer)
    app.get('/trusts', resourceServer(common).requireScope('read:users'), answer)
    const call = async (path: string) => (await request(app).get(path).auth(access, { type: 'bearer' })).status
    expect([await call('/asks'), await call('/trusts')]).to.deep.equal([200, 200])
    await revoke(refresh)
    expect([await call('/asks'), await call('/trusts')]).to.deep.equal([401, 200])
  })
})
