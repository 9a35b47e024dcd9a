import { expect } from 'chai'
import express from 'express'
import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { resourceServer } from '../../lib/index.js'
import { listen, type Running } from '../support/running.js'
import { describeStores } from '../support/stores.js'
import { API, Tour } from '../support/tour.js'
import { UserAgent } from '../support/user-agent.js'
import { documented } from '../support/documented.js'

const CALLBACK = 'https://app.example.com/callback?keep=1'
/** openid-client takes the URL that the browser came back to, without its query, for the redirect URI. */
const PLAIN_CALLBACK = 'https://app.example.com/callback'
const SCOPE = 'openid profile offline_access read:users write:users'

describeStores('the authorization code flow, with clients written elsewhere', engine => {
  let running: Running
  let server: AuthorizationServer
  let own: { id: string; secret: string }

  before(async () => {
    running = await listen(async issuer => {
      server = documented(
        await authorizationServer({
          issuer,
          store: await engine.open(),
          users: {
            authenticate: () => ({ id: 'ada', authTime: Math.floor(Date.now() / 1000), claims: { name: 'Ada' } }),
            loginUrl: '/login',
          },
        }),
      )
      const app = express()
      app.use(server.router, server.adminRouter)
      app.get(
        '/users',
        resourceServer({ issuer, audience: API.identifier }).requireScope('read:users'),
        (_req, res) => {
          res.json({ users: [] })
        },
      )
      return app
    })
    const tour = new Tour(running.url)
    const [management] = server.takeManagementClients()
    if (management === undefined) throw new Error('no management client')
    await tour.logIn(management)
    await tour.call('POST', '/apis', API)
    const registration = { name: 'Web', application_type: 'web', callbacks: [CALLBACK, PLAIN_CALLBACK] }
    const created = (await (await tour.call('POST', '/clients', registration)).json()) as Record<string, string>
    own = { id: created['client_id'] ?? '', secret: created['client_secret'] ?? '' }
  })
  after(async () => {
    await running.stop()
    await server.close()
  })

  /** What the user does: allows everything. @returns where the browser was sent */
  async function allow(url: URL): Promise<URL> {
    const agent = new UserAgent(PLAIN_CALLBACK)
    const page = await agent.open(url)
    expect(page.status, page.text).to.equal(200)
    return new URL((await agent.submit(page, ['decision', 'allow'])).url)
  }

  const options = { [oauth.allowInsecureRequests]: true }

  it('oauth4webapi: code, ID token, userinfo, refresh, introspection, revocation', async () => {
    const issuer = new URL(running.url)
    const metadata = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
    expect(metadata.authorization_response_iss_parameter_supported).to.equal(true)
    const registered = { client_id: own.id }
    const authentication = oauth.ClientSecretBasic(own.secret)
    const [verifier, state, nonce] = [
      oauth.generateRandomCodeVerifier(),
      oauth.generateRandomState(),
      oauth.generateRandomNonce(),
    ]
    const url = new URL(metadata.authorization_endpoint ?? '')
    const parameters = {
      ...{ client_id: own.id, redirect_uri: CALLBACK, response_type: 'code', scope: SCOPE, audience: API.identifier },
      ...{ state, nonce, code_challenge_method: 'S256' },
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)

    const callback = await allow(url)
    expect(callback.searchParams.get('keep')).to.equal('1')
    callback.searchParams.delete('keep')
    const answer = oauth.validateAuthResponse(metadata, registered, callback, state)
    const exchanged = await oauth.processAuthorizationCodeResponse(
      metadata,
      registered,
      await oauth.authorizationCodeGrantRequest(
        ...([metadata, registered, authentication, answer, CALLBACK, verifier, options] as const),
      ),
      { expectedNonce: nonce, requireIdToken: true, maxAge: 600 },
    )
    expect(oauth.getValidatedIdTokenClaims(exchanged)).to.include({ sub: 'ada', aud: own.id })
    expect(decodeJwt(exchanged.access_token)).to.include({ sub: 'ada', aud: API.identifier, client_id: own.id })
    const headers = { authorization: `Bearer ${exchanged.access_token}` }
    expect((await fetch(`${running.url}/users`, { headers })).status).to.equal(200)

    const info = await oauth.userInfoRequest(metadata, registered, exchanged.access_token, options)
    expect(await oauth.processUserInfoResponse(metadata, registered, 'ada', info)).to.include({ name: 'Ada' })

    const refreshed = await oauth.processRefreshTokenResponse(
      metadata,
      registered,
      await oauth.refreshTokenGrantRequest(
        ...([metadata, registered, authentication, exchanged.refresh_token ?? '', options] as const),
      ),
    )
    expect(refreshed.refresh_token).not.to.equal(exchanged.refresh_token)
    const introspect = async (token: string) =>
      oauth.processIntrospectionResponse(
        ...([metadata, registered] as const),
        await oauth.introspectionRequest(metadata, registered, authentication, token, options),
      )
    expect(await introspect(refreshed.access_token)).to.include({ active: true, sub: 'ada', aud: API.identifier })

    const revoked = await oauth.revocationRequest(
      ...([metadata, registered, authentication, refreshed.refresh_token ?? '', options] as const),
    )
    await oauth.processRevocationResponse(revoked)
    for (const token of [refreshed.access_token, refreshed.refresh_token ?? '']) {
      expect(await introspect(token)).to.deep.equal({ active: false })
    }
  })

  it('openid-client: the same', async () => {
    const execute = [client.allowInsecureRequests]
    const config = await client.discovery(new URL(running.url), own.id, own.secret, undefined, { execute })
    const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()]
    const callback = await allow(
      client.buildAuthorizationUrl(config, {
        ...{ redirect_uri: PLAIN_CALLBACK, scope: SCOPE, resource: API.identifier, state, nonce, prompt: 'consent' },
        ...{ code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
      }),
    )
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
    const tokens = await client.authorizationCodeGrant(config, callback, checks)
    expect(tokens.claims()).to.include({ sub: 'ada', azp: own.id })
    expect(tokens.scope).to.equal('read:users write:users openid profile offline_access')
    expect(await client.fetchUserInfo(config, tokens.access_token, 'ada')).to.include({ name: 'Ada' })
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', { scope: 'read:users' })
    expect(refreshed.scope).to.equal('read:users')
    expect(await client.tokenIntrospection(config, refreshed.access_token)).to.include({
      active: true,
      client_id: own.id,
    })
    await client.tokenRevocation(config, refreshed.refresh_token ?? '')
    expect(await client.tokenIntrospection(config, refreshed.access_token)).to.deep.equal({ active: false })
  })
})
