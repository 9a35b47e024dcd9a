import { type ApiParams, createClientCredentials, FaableApi } from '@faable/sdk-base'
import { expect } from 'chai'
import { JwtVerifier } from 'aws-jwt-verify'
import express, { type ErrorRequestHandler } from 'express'
import express4 from 'express4'
import { auth } from 'express-oauth2-jwt-bearer'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import request from 'supertest'
import { resourceServer } from '../../lib/index.js'
import {
  type AuthorizationServer,
  authorizationServer,
  type CreatedManagementClient,
} from '../../lib/authorization-server/index.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { listen, type Running } from '../support/running.js'
import { API, Tour } from '../support/tour.js'
import { documented } from '../support/documented.js'

for (const [name, createExpress] of Object.entries({
  'Express 5': express,
  'Express 4': express4,
})) {
  describe(`with clients and verifiers written elsewhere (${name})`, () => {
    let running: Running
    let server: AuthorizationServer
    let management: CreatedManagementClient | undefined
    let tour: Tour
    let own: { id: string; secret: string }
    let token: string

    before(async () => {
      running = await listen(async issuer => {
        server = documented(await authorizationServer({ issuer, store: embeddedStore(':memory:') }))
        const { requireScope } = resourceServer({ issuer, audience: API.identifier })
        const app = createExpress()
        app.use(server.router)
        app.use(server.adminRouter)
        app.get('/users', requireScope('read:users'), (_req, res) => {
          res.json({ users: [] })
        })
        return app
      })
      tour = new Tour(running.url)
      management = server.takeManagementClients()[0]
      if (management !== undefined) await tour.logIn(management)
      own = await tour.register()
      const answer = await tour.token(own, { audience: API.identifier, scope: 'read:users' })
      token = ((await answer.json()) as { access_token: string }).access_token
    })
    after(async () => {
      await running.stop()
      await server.close()
    })

    const options = { [oauth.allowInsecureRequests]: true }

    it('oauth4webapi: discovery and client credentials', async () => {
      const issuer = new URL(running.url)
      const discovered = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' })
      const metadata = await oauth.processDiscoveryResponse(issuer, discovered)
      const registered = { client_id: own.id }
      const answer = await oauth.clientCredentialsGrantRequest(
        metadata,
        registered,
        oauth.ClientSecretBasic(own.secret),
        new URLSearchParams({ resource: API.identifier, scope: 'read:users' }),
        options,
      )
      const result = await oauth.processClientCredentialsResponse(metadata, registered, answer)
      expect(result.scope).to.equal('read:users')
      expect(decodeJwt(result.access_token).aud).to.equal(API.identifier)
    })

    it('openid-client: discovery and client credentials', async () => {
      const execute = [client.allowInsecureRequests]
      const config = await client.discovery(new URL(running.url), own.id, own.secret, undefined, { execute })
      const result = await client.clientCredentialsGrant(config, { audience: API.identifier, scope: 'write:users' })
      expect(result.scope).to.equal('write:users')
      expect(result.expires_in).to.equal(API.token_lifetime)
    })

    it('jose verifies our tokens', async () => {
      const keys = createRemoteJWKSet(new URL(`${running.url}/.well-known/jwks.json`))
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer: running.url,
        audience: API.identifier,
        typ: 'at+jwt',
      })
      expect(payload['permissions']).to.deep.equal(['read:users'])
      expect(protectedHeader.alg).to.equal('RS256')
    })

    for (const strict of [false, true]) {
      it(`express-oauth2-jwt-bearer verifies our tokens (strict: ${strict})`, async () => {
        const app = createExpress()
        app.use(auth({ issuerBaseURL: running.url, audience: API.identifier, strict }))
        app.get('/', (_req, res) => {
          res.json({})
        })
        app.use(((error, _req, res, _next) => {
          res.status(error.status).end()
        }) as ErrorRequestHandler)
        await request(app).get('/').set('authorization', `Bearer ${token}`).expect(200)
        await request(app)
          .get('/')
          .set('authorization', `Bearer ${token.slice(0, -8)}AAAAAAAA`)
          .expect(401)
      })
    }

    it('aws-jwt-verify verifies our tokens', async () => {
      const verifier = JwtVerifier.create({
        issuer: running.url,
        audience: API.identifier,
        jwksUri: `${running.url}/.well-known/jwks.json`,
      })
      verifier.cacheJwks((await (await fetch(`${running.url}/.well-known/jwks.json`)).json()) as never)
      const payload = verifier.verifySync(token)
      expect(payload['client_id']).to.equal(own.id)
    })

    it('our guard reads the same token over the network', async () => {
      const call = (bearer: string) => fetch(`${running.url}/users`, { headers: { authorization: `Bearer ${bearer}` } })
      expect((await call(token)).status).to.equal(200)
      expect((await call(`${token}x`)).status).to.equal(401)
    })

    it('@faable/sdk-base: logs in by /oauth/token, and its paginator sees every row once', async () => {
      const strategy = createClientCredentials({
        domain: running.url,
        client_id: management?.clientId ?? '',
        client_secret: management?.clientSecret ?? '',
      })
      const api = FaableClients.of({ baseURL: running.url, auth: strategy })
      for (let i = 0; i < 12; i++) await tour.call('POST', '/clients', { name: `Client ${i}` })
      const rows = await api.clients()
      expect(new Set(rows.map(({ id }) => id)).size).to.equal(14)
      expect(rows).to.have.length(14)
    })
  })
}

/** An API as users of the SDK write theirs. */
class FaableClients extends FaableApi {
  static of(params: ApiParams): FaableClients {
    return new FaableClients(params)
  }

  clients(): Promise<{ id: string }[]> {
    return this.paginator<{ id: string }>({ url: '/clients', params: { pageSize: 5 } }).all()
  }
}
