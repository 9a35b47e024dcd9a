import type { RequestListener } from 'node:http'
import { expect } from 'chai'
import express from 'express'
import { decodeJwt } from 'jose'
import { resourceServer } from 'scopegate'
import { type TokenClientOptions, tokenClient } from 'scopegate/client'
import { type AuthorizationServer, authorizationServer } from 'scopegate/server'
import { embeddedStore } from 'scopegate/embedded'
import { quietly } from '../support/quietly.js'
import { listen, type Running } from '../support/running.js'
import { seedKeys } from '../support/seeded-keys.js'
import { API, Tour } from '../support/tour.js'
import { failure } from './fixture.js'

describe('tokenClient, with an issuer of scopegate', () => {
  let running: Running
  let server: AuthorizationServer
  let options: TokenClientOptions

  before(async () => {
    running = await listen(async issuer => {
      const store = await seedKeys(embeddedStore(':memory:'))
      server = await authorizationServer({ issuer, store })
      const { requireScope } = resourceServer({ issuer, audience: API.identifier })
      const app = express()
      app.get('/users', requireScope('read:users'), (_req, res) => void res.json({ users: [] }))
      return app.use(server.router).use('/admin', server.adminRouter)
    })
    const tour = new Tour(running.url, `${running.url}/admin`)
    const [management] = server.takeManagementClients()
    if (management !== undefined) await tour.logIn(management)
    const { id: clientId, secret: clientSecret } = await tour.register()
    options = { issuer: running.url, clientId, clientSecret, audience: API.identifier }
  })
  after(async () => {
    await running.stop()
    await server.close()
  })

  for (const tokenEndpointAuthMethod of ['client_secret_basic', 'client_secret_post'] as const) {
    it(`calls a protected route, by ${tokenEndpointAuthMethod}`, async () => {
      const users = tokenClient({ ...options, scope: 'read:users', tokenEndpointAuthMethod })
      const answer = await users.fetch(`${running.url}/users`)
      expect([answer.status, await answer.json()]).to.deep.equal([200, { users: [] }])
      const { iss, aud, scope } = decodeJwt(await users.getAccessToken())
      expect({ iss, aud, scope }).to.deep.equal({ iss: running.url, aud: API.identifier, scope: 'read:users' })
    })
  }

  it('gets a token of what is asked for, and 403 without the scope', async () => {
    const users = tokenClient(options)
    expect((await users.fetch(`${running.url}/users`, {}, { scope: 'write:users' })).status).to.equal(403)
    expect((await users.fetch(`${running.url}/users`)).status).to.equal(200)
  })

  const refusals: [more: Partial<TokenClientOptions>, code: string][] = [
    [{ clientSecret: 'wrong' }, 'invalid_client'],
    [{ clientId: 'nobody' }, 'invalid_client'],
    [{ audience: 'urn:nobody:here' }, 'invalid_target'],
    [{ scope: 'delete:everything' }, 'invalid_scope'],
    [{ audience: null }, 'invalid_request'],
  ]
  for (const [more, code] of refusals) {
    it(`is refused with ${code} for ${Object.keys(more)}`, async () => {
      const error = await failure(tokenClient({ ...options, ...more }).getAccessToken())
      expect(error).to.include({ code: 'ERR_TOKEN_REFUSED', error: code })
    })
  }
})

describe('tokenClient, with oidc-provider', () => {
  const CLIENT = { clientId: 'orders:service', clientSecret: 'a secret-of the:service+of 32 characters' }
  let running: Running

  before(async function start() {
    this.timeout(120_000)
    running = await listen(createProvider)
  })
  after(() => running.stop())

  async function createProvider(issuer: string): Promise<RequestListener> {
    const { default: Provider } = await quietly(() => import('oidc-provider'))
    const getResourceServerInfo = (_context: unknown, audience: string) => ({
      ...{ audience, scope: 'read:users', accessTokenFormat: 'jwt', accessTokenTTL: 60 },
      jwt: { sign: { alg: 'RS256' } },
    })
    const provider = await quietly(
      () =>
        new Provider(issuer, {
          clients: [
            {
              ...{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
              ...{ redirect_uris: [], response_types: [], grant_types: ['client_credentials'] },
            },
          ],
          features: {
            devInteractions: { enabled: false },
            clientCredentials: { enabled: true },
            resourceIndicators: { enabled: true, getResourceServerInfo },
          },
        }),
    )
    const listener = provider.callback()
    return (req, res) => void quietly(() => listener(req, res))
  }

  for (const tokenEndpointAuthMethod of ['client_secret_basic', 'client_secret_post'] as const) {
    it(`gets a token that a guard takes, by ${tokenEndpointAuthMethod}`, async () => {
      const { requireScope } = resourceServer({ issuer: running.url, audience: API.identifier })
      const app = express().get('/users', requireScope('read:users'), (_req, res) => void res.json({ users: [] }))
      const api = await listen(() => app)
      const options = { issuer: running.url, ...CLIENT, audience: API.identifier, scope: 'read:users' }
      expect((await tokenClient({ ...options, tokenEndpointAuthMethod }).fetch(`${api.url}/users`)).status).to.equal(
        200,
      )
      await api.stop()
    })
  }

  it('is refused with a wrong secret', async () => {
    const options = { issuer: running.url, ...CLIENT, clientSecret: 'wrong', audience: API.identifier }
    expect(await failure(tokenClient(options).getAccessToken())).to.include({ error: 'invalid_client' })
  })
})
