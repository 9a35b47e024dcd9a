import { expect } from 'chai'
import request from 'supertest'
import { thumbprint } from '../../lib/authorization-server/keys/signing-keys.js'
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
    expect(body.keys).to.have.length(1)
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
