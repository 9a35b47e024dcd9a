import { expect } from 'chai'
import request from 'supertest'
import { thumbprint } from '../../lib/authorization-server/keys/signing-keys.js'
import { metadataOf } from '../../lib/authorization-server/discovery/metadata-router.js'
import { ISSUER, startServer } from './fixtures.js'

const METADATA = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']
const DOCUMENTS = ['/.well-known/jwks.json', ...METADATA]

const expected = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/oauth/token`,
  jwks_uri: `${ISSUER}/.well-known/jwks.json`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  grant_types_supported: ['client_credentials'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  code_challenge_methods_supported: ['S256'],
  revocation_endpoint: `${ISSUER}/oauth/revoke`,
  revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  introspection_endpoint: `${ISSUER}/oauth/introspect`,
  introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
}

/** With users. */
const withUsers = {
  ...expected,
  grant_types_supported: ['client_credentials', 'authorization_code', 'refresh_token'],
  userinfo_endpoint: `${ISSUER}/userinfo`,
  response_modes_supported: ['query'],
  authorization_response_iss_parameter_supported: true,
  prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
  scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'azp', 'at_hash'],
}

describe('metadata', () => {
  for (const path of METADATA) {
    it(`${path} comes from configuration, whatever the headers say`, async () => {
      const { app } = await startServer()
      const forged = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
      const response = await request(app).get(path).set(forged).expect(200)
      expect(response.body).to.deep.equal(expected)
      expect(response.headers['content-type']).to.equal('application/json')
    })
  }

  for (const path of METADATA) {
    it(`${path} names what users need where there are users, and no sessions that are the host's`, async () => {
      const { app } = await startServer({ users: { authenticate: () => undefined, loginUrl: '/login' } })
      const { body } = await request(app).get(path).expect(200)
      expect(body).to.deep.equal(withUsers)
    })
  }

  it('names where users are signed out where their sessions are ours', () => {
    const account = { name: 'default', issuer: ISSUER, mountPath: '' }
    const endpoint = { end_session_endpoint: `${ISSUER}/logout` }
    expect(metadataOf(account, { users: true, endSession: true })).to.deep.equal({ ...withUsers, ...endpoint })
    expect(metadataOf(account, { users: false, endSession: true })).to.deep.equal(expected)
  })

  for (const path of DOCUMENTS) {
    it(`${path} may be cached for five minutes and read by any origin`, async () => {
      const { app } = await startServer()
      const first = await request(app).get(path).expect(200)
      expect(first.headers).to.include({ 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' })
      const etag = String(first.headers['etag'])
      for (const match of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const second = await request(app).get(path).set('if-none-match', match).expect(304)
        expect(second.text).to.equal('')
        expect(second.headers).to.include({ etag, 'access-control-allow-origin': '*' })
      }
      await request(app).get(path).set('if-none-match', '"x"').expect(200)
      const head = await request(app).head(path).expect(200)
      expect(head.headers['content-length']).to.equal(first.headers['content-length'])
    })

    it(`${path} refuses other methods, and answers a preflight`, async () => {
      const { app } = await startServer()
      for (const method of ['post', 'put', 'delete'] as const) {
        const response = await request(app)[method](path).expect(405)
        expect(response.headers['allow']).to.equal('GET, HEAD')
      }
      await request(app).options(path).expect(204).expect('access-control-allow-origin', '*')
    })
  }

  it('publishes public members alone', async () => {
    const { app } = await startServer()
    const { body } = await request(app).get('/.well-known/jwks.json').expect(200)
    expect(body.keys).to.have.length(2)
    const [key] = body.keys
    expect(key).to.have.all.keys('kty', 'n', 'e', 'alg', 'use', 'kid')
    expect(key).to.include({ kty: 'RSA', alg: 'RS256', use: 'sig', kid: thumbprint(key) })
    expect(Buffer.from(key.n, 'base64url')).to.have.length(256)
  })

  it('answers 503 while the store is down and the keys are not known', async () => {
    const accounts = () => ({ name: 'late', issuer: ISSUER, mountPath: '' })
    const { app, store } = await startServer({ accounts })
    store.down = true
    await request(app).get('/.well-known/jwks.json').expect(503).expect('cache-control', 'no-store')
    store.down = false
    await request(app).get('/.well-known/jwks.json').expect(200)
  })
})
