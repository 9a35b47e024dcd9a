import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { resourceServer } from '../../lib/index.js'
import { testIssuer } from '../../lib/testing/index.js'

const AUDIENCE = 'https://api.example.com'
const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'

/** What an issuer signs with the key, and under the header, of its access tokens. */
const others: Readonly<Record<string, Record<string, unknown>>> = {
  'a logout token': { events: { [LOGOUT]: {} }, sid: 'x' },
  'a logout token with further events': { events: { 'urn:x:y': {}, [LOGOUT]: {} } },
  'a logout token whose event is null': { events: { [LOGOUT]: null } },
  'an ID token of Amazon Cognito': { token_use: 'id' },
  'an ID token of Keycloak': { typ: 'ID', nonce: 'x' },
  'a refresh token of Keycloak': { typ: 'Refresh' },
  'an offline token of Keycloak': { typ: 'Offline' },
  'a logout token of Keycloak': { typ: 'Logout' },
}

const accessTokens: Readonly<Record<string, Record<string, unknown>>> = {
  'a nonce, as Azure AD B2C has it': { nonce: 'x' },
  'claims that ID tokens have': { nonce: 'x', auth_time: 1, acr: '1', amr: ['pwd'], sid: 'x', at_hash: 'x' },
  'token_use of Amazon Cognito': { token_use: 'access' },
  'typ of Keycloak': { typ: 'Bearer' },
  'events of another kind': { events: { 'https://example.com/signup': {} } },
  'events as a list': { events: [LOGOUT] },
  'events as a text': { events: LOGOUT },
  'events of null': { events: null },
  'the event as a claim': { [LOGOUT]: {} },
}

describe('the kind of a token', () => {
  async function statusOf(claims: Record<string, unknown>, typ: string | undefined) {
    const issuer = await testIssuer({ audience: AUDIENCE })
    const details: unknown[] = []
    const onEvent = (event: object) => void ('detail' in event && details.push(event.detail))
    const guard = resourceServer({ ...issuer.resourceServerOptions, onEvent }).requireAuth()
    const app = express().get('/', guard, (_req, res) => void res.json({}))
    const { status } = await request(app)
      .get('/')
      .set('authorization', await issuer.bearer({ claims, header: { typ } }))
    return { status, details }
  }

  for (const typ of ['JWT', 'at+jwt', undefined]) {
    for (const [description, claims] of Object.entries(others)) {
      it(`refuses ${description} under typ ${typ ?? 'none'}`, async () => {
        expect(await statusOf(claims, typ)).to.deep.equal({ status: 401, details: ['not_an_access_token'] })
      })
    }
    for (const [description, claims] of Object.entries(accessTokens)) {
      it(`takes a token with ${description} under typ ${typ ?? 'none'}`, async () => {
        expect((await statusOf(claims, typ)).status).to.equal(200)
      })
    }
  }
})
