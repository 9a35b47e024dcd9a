import { createHash, generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import express, { type Express } from 'express'
import { calculateJwkThumbprint, type JWK } from 'jose'
import request from 'supertest'
import type { ReplayStore, ResourceServerOptions } from '../../../lib/index.js'
import { resourceServer } from '../../../lib/index.js'
import {
  type DpopKey,
  dpopKey,
  type TestIssuer,
  type TestProofOptions,
  testIssuer,
} from '../../../lib/testing/index.js'
import { encode } from '../../support/mint-token.js'
import { parseChallenges } from '../../support/parse-challenges.js'
import { type SetClock, setClock } from '../../support/set-clock.js'

const AUDIENCE = 'https://api.example.com'
const ORIGIN = 'https://api.example.com'
const URL_OF_USERS = `${ORIGIN}/v1/users`

describe('DPoP', () => {
  let clock: SetClock
  let issuer: TestIssuer
  let key: DpopKey
  let token: string
  beforeEach(async () => {
    clock = setClock()
    issuer = await testIssuer({ audience: AUDIENCE, clock })
    key = await dpopKey(clock)
    token = await issuer.token({ scope: 'a', dpopKey: key })
  })

  function createApp(
    options: Partial<ResourceServerOptions> = {},
    prepare = (app: Express) => app,
    mountPaths = ['/v1'],
  ): Express {
    const { requireScope, requireAuth } = resourceServer({
      ...issuer.resourceServerOptions,
      dpop: 'allowed',
      publicOrigin: ORIGIN,
      ...options,
    })
    const router = express.Router()
    router.all('/users', requireScope('a'), requireAuth(), (_req, res) => {
      res.json({})
    })
    router.all('/other', requireScope('b'), (_req, res) => {
      res.json({})
    })
    const app = prepare(express())
    for (const path of mountPaths) app.use(path, router)
    return app
  }

  function call(app: Express, proof: string | undefined, { scheme = 'DPoP', path = '/v1/users', bearer = token } = {}) {
    const sending = request(app).get(path).set('authorization', `${scheme} ${bearer}`)
    return proof === undefined ? sending : sending.set('dpop', proof)
  }

  const proofOf = (more: Partial<TestProofOptions> = {}) => key.proof({ url: URL_OF_USERS, token, ...more })

  const accepted: { description: string; more?: Partial<TestProofOptions>; path?: string; scheme?: string }[] = [
    { description: 'a proof for the request' },
    { description: 'the scheme in another case', scheme: 'dpop' },
    { description: 'a query that the proof does not name', path: '/v1/users?page=2' },
    { description: 'a query and a fragment in the proof', more: { claims: { htu: `${URL_OF_USERS}?page=2#top` } } },
    { description: 'the port of the scheme', more: { claims: { htu: 'https://api.example.com:443/v1/users' } } },
    { description: 'a host in capitals', more: { claims: { htu: 'HTTPS://API.example.com/v1/users' } } },
    { description: 'an escape that need not be one', more: { claims: { htu: `${ORIGIN}/v1/%75sers` } } },
    { description: 'a proof 299 s old', more: { claims: { iat: Date.UTC(2026, 0, 31, 12) / 1000 - 299 } } },
    { description: 'a clock 30 s ahead', more: { claims: { iat: Date.UTC(2026, 0, 31, 12) / 1000 + 30 } } },
    { description: 'claims that are not known', more: { claims: { foo: 1, exp: 1 } } },
    { description: 'a nonce that nobody asked for', more: { nonce: 'abc' } },
  ]
  for (const { description, more, path, scheme } of accepted) {
    it(`accepts ${description}`, async () => {
      const answer = await call(createApp(), await proofOf(more), { ...(path && { path }), ...(scheme && { scheme }) })
      expect(answer.status, answer.headers['www-authenticate']).to.equal(200)
      expect(answer.headers).not.to.have.property('dpop-nonce')
    })
  }

  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const now = Date.UTC(2026, 0, 31, 12) / 1000
  const refused: { description: string; detail: string; more: Partial<TestProofOptions> }[] = [
    { description: 'another method', detail: 'dpop_htm', more: { method: 'POST' } },
    { description: 'a method in another case', detail: 'dpop_htm', more: { method: 'get' } },
    { description: 'no method', detail: 'dpop_htm', more: { claims: { htm: undefined } } },
    { description: 'another path', detail: 'dpop_htu', more: { url: `${ORIGIN}/v1/other` } },
    { description: 'a longer path', detail: 'dpop_htu', more: { url: `${URL_OF_USERS}/` } },
    { description: 'a path in another case', detail: 'dpop_htu', more: { url: `${ORIGIN}/V1/users` } },
    { description: 'another host', detail: 'dpop_htu', more: { url: 'https://api.example.com.evil.test/v1/users' } },
    {
      description: 'a user before the host',
      detail: 'dpop_htu',
      more: { url: 'https://api.example.com@evil.test/v1/users' },
    },
    { description: 'another port', detail: 'dpop_htu', more: { url: 'https://api.example.com:444/v1/users' } },
    { description: 'another scheme', detail: 'dpop_htu', more: { url: 'http://api.example.com/v1/users' } },
    { description: 'a path alone', detail: 'dpop_htu', more: { claims: { htu: '/v1/users' } } },
    { description: 'a list of URLs', detail: 'dpop_htu', more: { claims: { htu: [URL_OF_USERS] } } },
    { description: 'no URL', detail: 'dpop_htu', more: { claims: { htu: undefined } } },
    { description: 'the hash of another token', detail: 'dpop_ath', more: { token: 'another' } },
    { description: 'no hash', detail: 'dpop_ath', more: { claims: { ath: undefined } } },
    {
      description: 'a hash in hexadecimal',
      detail: 'dpop_ath',
      more: { claims: { ath: createHash('sha256').digest('hex') } },
    },
    { description: 'no jti', detail: 'dpop_jti', more: { claims: { jti: undefined } } },
    { description: 'an empty jti', detail: 'dpop_jti', more: { claims: { jti: '' } } },
    { description: 'a number as jti', detail: 'dpop_jti', more: { claims: { jti: 1 } } },
    { description: 'no iat', detail: 'dpop_iat', more: { claims: { iat: undefined } } },
    { description: 'an iat as text', detail: 'dpop_iat', more: { claims: { iat: `${now}` } } },
    { description: 'an iat in milliseconds', detail: 'dpop_iat', more: { claims: { iat: now * 1000 } } },
    { description: 'a proof 300 s old', detail: 'dpop_iat', more: { claims: { iat: now - 300 } } },
    { description: 'a clock 31 s ahead', detail: 'dpop_iat', more: { claims: { iat: now + 31 } } },
    { description: 'another typ', detail: 'dpop_type', more: { header: { typ: 'JWT' } } },
    { description: 'a longer typ', detail: 'dpop_type', more: { header: { typ: 'application/dpop+jwt' } } },
    { description: 'no key', detail: 'dpop_key_not_an_object', more: { header: { jwk: undefined } } },
    {
      description: 'a private key',
      detail: 'dpop_key_private',
      more: { header: { jwk: privateKey.export({ format: 'jwk' }) } },
    },
    { description: 'a symmetric key', detail: 'dpop_key_key_type', more: { header: { jwk: { kty: 'oct', k: 'AA' } } } },
    {
      description: 'more than 8 192 characters',
      detail: 'dpop_too_long',
      more: { claims: { pad: 'x'.repeat(6_000) } },
    },
    ...[
      ['a user', 'https://user@api.example.com/v1/users'],
      ['a user and a password', 'https://user:secret@api.example.com/v1/users'],
      ['an empty user', 'https://@api.example.com/v1/users'],
      ['an empty user and an empty password', 'https://:@api.example.com/v1/users'],
      ['a user that looks like a host', 'https://evil.test@api.example.com/v1/users'],
      ['a blank before it', ` ${URL_OF_USERS}`],
      ['a blank behind it', `${URL_OF_USERS} `],
      ['a blank in its query', `${URL_OF_USERS}?a b`],
      ['a tab in its scheme', 'ht\ttps://api.example.com/v1/users'],
      ['a tab in its host', 'https://api.exa\tmple.com/v1/users'],
      ['a line feed in its path', 'https://api.example.com/v1/us\ners'],
      ['a line behind it', `${URL_OF_USERS}\r\nx`],
      ['a null', `${URL_OF_USERS}\0`],
      ['a byte order mark', `\ufeff${URL_OF_USERS}`],
      ['a wide letter in its host', 'https://ａpi.example.com/v1/users'],
      ['backslashes', 'https:\\\\api.example.com\\v1\\users'],
      ['a backslash in its path', 'https://api.example.com/v1\\users'],
      ['no slashes', 'https:api.example.com/v1/users'],
      ['one slash', 'https:/api.example.com/v1/users'],
      ['three slashes', 'https:///api.example.com/v1/users'],
    ].map(([what, htu]) => ({ description: `a URL with ${what}`, detail: 'dpop_htu', more: { claims: { htu } } })),
  ]
  for (const { description, detail, more } of refused) {
    it(`refuses ${description}`, async () => {
      const events: unknown[] = []
      const proof = await proofOf(more)
      const answer = await call(createApp({ onEvent: event => events.push(event) }), proof)
      expect(answer.status).to.equal(401)
      expect(answer.body).to.deep.equal({
        error: 'invalid_dpop_proof',
        error_description: 'The DPoP proof is missing or invalid',
      })
      const [bearer, dpop] = parseChallenges(answer.headers['www-authenticate'] ?? '')
      expect(bearer).to.deep.equal({ scheme: 'Bearer', parameters: { realm: 'api', scope: 'a' } })
      expect(dpop?.parameters).to.include({ error: 'invalid_dpop_proof', algs: 'ES256 EdDSA Ed25519 PS256 RS256' })
      expect(events.at(-1)).to.include({ type: 'refused', detail, error: 'invalid_dpop_proof' })
      expect(JSON.stringify(events)).not.to.include(proof.slice(-20)).and.not.to.include(token.slice(-20))
    })
  }

  const headers: { description: string; header: (proof: string) => string | string[] | undefined; detail: string }[] = [
    { description: 'no proof', header: () => undefined, detail: 'dpop_absent' },
    { description: 'an empty proof', header: () => '', detail: 'dpop_absent' },
    { description: 'two proofs', header: proof => [proof, proof], detail: 'dpop_repeated' },
    { description: 'a word', header: () => 'abc', detail: 'dpop_not_three_parts' },
    { description: 'a padded proof', header: proof => `${proof}=`, detail: 'dpop_base64url' },
    { description: 'the token as proof', header: () => token, detail: 'dpop_type' },
    {
      description: 'a signature of zeros',
      header: proof => proof.slice(0, -86) + 'A'.repeat(86),
      detail: 'dpop_signature',
    },
  ]
  for (const { description, header, detail } of headers) {
    it(`refuses ${description}`, async () => {
      const events: unknown[] = []
      const app = createApp({ onEvent: event => events.push(event) })
      const value = header(await proofOf())
      const sending = call(app, undefined)
      if (value !== undefined) sending.set('dpop', value as string)
      const answer = await sending
      expect(answer.status).to.equal(401)
      expect(events.at(-1)).to.include({ detail, error: 'invalid_dpop_proof' })
    })
  }

  describe('binding', () => {
    const bindings: { description: string; claims: Record<string, unknown>; detail: string }[] = [
      { description: 'no key', claims: { cnf: undefined }, detail: 'dpop_unbound_token' },
      { description: 'null', claims: { cnf: null }, detail: 'dpop_unbound_token' },
      { description: 'an empty confirmation', claims: { cnf: {} }, detail: 'dpop_unbound_token' },
      { description: 'a text', claims: { cnf: 'x' }, detail: 'dpop_unbound_token' },
      { description: 'a certificate', claims: { cnf: { 'x5t#S256': 'x' } }, detail: 'dpop_unbound_token' },
      { description: 'another key', claims: { cnf: { jkt: 'x' } }, detail: 'dpop_binding' },
      { description: 'a list', claims: { cnf: { jkt: ['x'] } }, detail: 'dpop_unbound_token' },
    ]
    const { publicKey: stranger } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { publicKey: theirRsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwkOfRsa = theirRsa.export({ format: 'jwk' })
    /** Keys that would cost something, or fail, if anything were done with them. */
    const strangers: Readonly<Record<string, object>> = {
      'of somebody else': stranger.export({ format: 'jwk' }),
      'that is on no curve': { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
      'with a great exponent': { ...jwkOfRsa, e: jwkOfRsa.n },
      'with a small modulus': { ...jwkOfRsa, n: 'AQAB' },
      'with the members of none': { kty: 'RSA', n: 'AA', e: 'AA' },
    }
    /** A proof with this key, signed by nobody. */
    async function unsigned(jwk: object, more: Partial<TestProofOptions>): Promise<string> {
      const [, payload = ''] = (await proofOf(more)).split('.')
      const alg = 'n' in jwk ? 'RS256' : 'ES256'
      return `${encode(JSON.stringify({ alg, typ: 'dpop+jwt', jwk }))}.${payload}.AA`
    }

    for (const [description, jwk] of Object.entries(strangers)) {
      it(`refuses a key ${description} by its looks, before anything is done with it`, async () => {
        const events: unknown[] = []
        const app = createApp({ onEvent: event => events.push(event) })
        for (const claims of [{}, { htm: 'POST', htu: 'x', jti: '', iat: 0 }]) {
          const answer = await call(app, await unsigned(jwk, { claims }))
          expect(answer.body.error).to.equal('invalid_token')
          expect(events.at(-1)).to.include({ detail: 'dpop_binding' })
        }
      })

      it(`refuses a key ${description} though the token is bound to it`, async () => {
        const events: unknown[] = []
        const app = createApp({ onEvent: event => events.push(event) })
        const jkt = await calculateJwkThumbprint(jwk as JWK)
        const other = await issuer.token({ scope: 'a', dpopKey: { jkt } })
        const answer = await call(app, await unsigned(jwk, { token: other }), { bearer: other })
        expect(answer.body.error).to.equal('invalid_dpop_proof')
        const detail = description === 'of somebody else' ? /^dpop_signature$/ : /^dpop_key(_weak)?$/
        expect((events.at(-1) as { detail: string }).detail).to.match(detail)
      })
    }

    it('takes a key for what the proof says it is for, each time', async () => {
      const app = createApp()
      const [head = ''] = (await proofOf()).split('.')
      const { jwk } = JSON.parse(Buffer.from(head, 'base64url').toString())
      expect((await call(app, await proofOf())).status).to.equal(200)
      for (const more of [{ use: 'enc' }, { alg: 'ES384' }, { key_ops: ['sign'] }, { d: 'AA' }]) {
        expect((await call(app, await proofOf({ header: { jwk: { ...jwk, ...more } } }))).status).to.equal(401)
      }
      expect((await call(app, await proofOf({ header: { jwk: { ...jwk, alg: 'ES256', kid: 'x' } } }))).status).to.equal(
        200,
      )
    })

    for (const { description, claims, detail } of bindings) {
      it(`refuses a token that is bound to ${description}, whatever the proof`, async () => {
        const events: unknown[] = []
        const app = createApp({ onEvent: event => events.push(event) })
        const other = await issuer.token({ scope: 'a', claims })
        const answer = await call(app, await proofOf({ token: other }), { bearer: other })
        expect(answer.status).to.equal(401)
        expect(answer.body.error).to.equal('invalid_token')
        expect(parseChallenges(answer.headers['www-authenticate'] ?? '')[1]?.parameters).to.include({
          error: 'invalid_token',
        })
        expect(events.at(-1)).to.include({ detail })
      })
    }

    for (const dpop of ['off', 'allowed', 'required'] as const) {
      it(`refuses a bound token as a bearer token where DPoP is ${dpop}, with and without a proof`, async () => {
        const app = createApp({ dpop })
        for (const proof of [undefined, await proofOf()]) {
          const answer = await call(app, proof, { scheme: 'Bearer' })
          expect(answer.status).to.equal(401)
          expect(answer.body.error).to.equal('invalid_token')
        }
      })
    }

    it('lets an unbound bearer token pass where DPoP is off or allowed, and not where it is required', async () => {
      const bearer = await issuer.token({ scope: 'a' })
      const status = async (dpop: 'off' | 'allowed' | 'required') =>
        (await call(createApp({ dpop }), undefined, { scheme: 'Bearer', bearer })).status
      expect(await status('off')).to.equal(200)
      expect(await status('allowed')).to.equal(200)
      expect(await status('required')).to.equal(401)
    })

    it('takes DPoP for a scheme like any other where it is off', async () => {
      const answer = await call(createApp({ dpop: 'off' }), await proofOf())
      expect(answer.status).to.equal(401)
      expect(answer.headers['www-authenticate']).to.equal('Bearer realm="api", scope="a"')
    })
  })

  it('names the schemes it serves, and the scope that is missing with the scheme that was used', async () => {
    const schemes = async (dpop: 'allowed' | 'required') => {
      const answer = await request(createApp({ dpop })).get('/v1/users').expect(401)
      return parseChallenges(answer.headers['www-authenticate'] ?? '').map(({ scheme }) => scheme)
    }
    expect(await schemes('allowed')).to.deep.equal(['Bearer', 'DPoP'])
    expect(await schemes('required')).to.deep.equal(['DPoP'])
    const other = await call(createApp(), await proofOf({ url: `${ORIGIN}/v1/other` }), { path: '/v1/other' })
    expect(other.status).to.equal(403)
    const [only, ...more] = parseChallenges(other.headers['www-authenticate'] ?? '')
    expect(only).to.deep.include({ scheme: 'DPoP' })
    expect(only?.parameters).to.include({ error: 'insufficient_scope', scope: 'b' })
    expect(more).to.deep.equal([])
  })

  it('says so in its RFC 9728 document', async () => {
    const resource = { resource: 'https://api.example.com/v1' }
    const { metadataRouter } = resourceServer({
      ...issuer.resourceServerOptions,
      dpop: 'required',
      dpopProof: { algorithms: ['ES256'] },
      resourceMetadata: resource,
    })
    const { body } = await request(express().use(metadataRouter)).get('/.well-known/oauth-protected-resource/v1')
    expect(body).to.deep.equal({
      ...resource,
      authorization_servers: [issuer.issuer],
      dpop_signing_alg_values_supported: ['ES256'],
      dpop_bound_access_tokens_required: true,
    })
  })

  describe('replay', () => {
    it('is refused, in sequence and at once, at every guard of the process', async () => {
      const app = createApp()
      const proof = await proofOf()
      const answers = await Promise.all(Array.from({ length: 20 }, () => call(app, proof)))
      expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
      expect((await call(createApp(), proof)).status).to.equal(401)
    })

    it('of one request at the guards of two resource servers is none', async () => {
      const replays = memory()
      const options = { ...issuer.resourceServerOptions, dpop: 'required' as const, publicOrigin: ORIGIN }
      const guards = [1, 2].map(() => resourceServer({ ...options, dpopProof: { replays } }).requireAuth())
      const app = express().get('/v1/users', ...guards, (_req, res) => {
        res.json({})
      })
      const proof = await proofOf()
      expect((await call(app, proof)).status).to.equal(200)
      expect((await call(app, proof)).status).to.equal(401)
    })

    it('with the same jti by another key is none', async () => {
      const app = createApp()
      expect((await call(app, await proofOf({ claims: { jti: 'one' } }))).status).to.equal(200)
      const other = await dpopKey(clock)
      const theirs = await issuer.token({ scope: 'a', dpopKey: other })
      const proof = await other.proof({ url: URL_OF_USERS, token: theirs, claims: { jti: 'one' } })
      expect((await call(app, proof, { bearer: theirs })).status).to.equal(200)
      expect((await call(app, await proofOf({ claims: { jti: 'one' } }))).status).to.equal(401)
    })

    it('is not remembered of what was refused for another reason', async () => {
      const app = createApp()
      const proof = await proofOf()
      expect((await call(app, proof, { path: '/v1/users/' })).status).to.equal(401)
      expect((await call(app, proof)).status).to.equal(200)
    })

    const stores: { description: string; replays: ReplayStore; status: number }[] = [
      { description: 'true', replays: { add: () => true }, status: 200 },
      { description: 'true, later', replays: { add: async () => true }, status: 200 },
      { description: 'false', replays: { add: () => false }, status: 401 },
      { description: 'false, later', replays: { add: async () => false }, status: 401 },
      { description: 'nothing', replays: { add: () => undefined as unknown as boolean }, status: 503 },
      { description: 'a rejection', replays: { add: () => Promise.reject(new Error('down')) }, status: 503 },
      {
        description: 'an error',
        replays: {
          add: () => {
            throw new Error('down')
          },
        },
        status: 503,
      },
    ]
    for (const { description, replays, status } of stores) {
      it(`is asked of a store of the host; one that gives ${description} makes it ${status}`, async () => {
        const answer = await call(createApp({ dpopProof: { replays } }), await proofOf())
        expect(answer.status).to.equal(status)
        if (status === 503) expect(answer.headers).not.to.have.property('www-authenticate')
      })
    }

    function memory(): ReplayStore {
      const ids = new Set<string>()
      return { add: id => ids.size < ids.add(id).size }
    }
  })

  describe('nonce', () => {
    const dpopProof = { nonceSecret: 'a secret of thirty-two characters' }

    it('is given with the refusal of a proof without one, and then taken, whatever the client’s clock', async () => {
      const app = createApp({ dpopProof })
      const refusal = await call(app, await proofOf())
      expect(refusal.status).to.equal(401)
      expect(refusal.body.error).to.equal('use_dpop_nonce')
      expect(refusal.headers['cache-control']).to.equal('no-store')
      expect(refusal.headers['access-control-expose-headers']).to.match(/DPoP-Nonce/i)
      expect(parseChallenges(refusal.headers['www-authenticate'] ?? '')[1]?.parameters).to.include({
        error: 'use_dpop_nonce',
      })
      const nonce = refusal.headers['dpop-nonce']
      const proof = await proofOf({ nonce, claims: { iat: 1 } })
      expect((await call(createApp({ dpopProof }), proof)).status).to.equal(200)
      expect((await call(createApp({ dpopProof }), proof)).status, 'replayed').to.equal(401)
    })

    it('is followed by the next one on an answer to the one before, and ends after two periods', async () => {
      clock.set(Math.ceil(clock.now() / 150_000) * 150_000)
      const app = createApp({ dpopProof })
      token = await issuer.token({ scope: 'a', dpopKey: key })
      const { headers } = await call(app, await proofOf())
      const nonce = headers['dpop-nonce']
      const fresh = await call(app, await proofOf({ nonce }))
      expect(fresh.headers).not.to.have.property('dpop-nonce')
      clock.advance(150_000)
      const later = await call(app, await proofOf({ nonce }))
      expect(later.status).to.equal(200)
      expect(later.headers['dpop-nonce']).to.be.a('string').and.not.to.equal(nonce)
      expect(later.headers['cache-control']).to.equal('no-store')
      clock.advance(150_000)
      expect((await call(app, await proofOf({ nonce }))).body.error).to.equal('use_dpop_nonce')
      expect((await call(app, await proofOf({ nonce: later.headers['dpop-nonce'] }))).status).to.equal(200)
    })

    for (const nonce of ['', 'abc', 'a'.repeat(3_000), 1, ['x'], null]) {
      it(`that is ${JSON.stringify(nonce).slice(0, 20)} is none`, async () => {
        const proof = await proofOf({ claims: { nonce } })
        expect((await call(createApp({ dpopProof }), proof)).body.error).to.equal('use_dpop_nonce')
      })
    }

    it('of another secret is none', async () => {
      const { headers } = await call(createApp({ dpopProof: { nonceSecret: new Uint8Array(32) } }), await proofOf())
      const proof = await proofOf({ nonce: headers['dpop-nonce'] })
      expect((await call(createApp({ dpopProof }), proof)).body.error).to.equal('use_dpop_nonce')
    })
  })

  describe('the origin, where none is configured,', () => {
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'api.example.com:8443' }
    const origins: {
      description: string
      trust: boolean
      headers: Record<string, string>
      origin: string
      status: number
    }[] = [
      {
        description: 'is that of the request',
        trust: false,
        headers: { host: 'api.example.com:81' },
        origin: 'http://api.example.com:81',
        status: 200,
      },
      {
        description: 'is not that of a header',
        trust: false,
        headers: forwarded,
        origin: 'https://api.example.com:8443',
        status: 401,
      },
      {
        description: 'is that of a trusted proxy',
        trust: true,
        headers: forwarded,
        origin: 'https://api.example.com:8443',
        status: 200,
      },
      {
        description: 'is not the inner one then',
        trust: true,
        headers: forwarded,
        origin: 'http://127.0.0.1',
        status: 401,
      },
    ]
    for (const { description, trust, headers: sent, origin, status } of origins) {
      it(description, async () => {
        const app = createApp({ publicOrigin: undefined as never }, made => made.set('trust proxy', trust))
        const proof = await proofOf({ url: `${origin}/v1/users` })
        expect((await call(app, proof).set(sent)).status).to.equal(status)
      })
    }
  })

  describe('behind a proxy that takes the start of the path off', () => {
    const PREFIXED = 'https://api.example.com/v1'
    const rows: { description: string; origin?: string; htu: string; path?: string; accepted: boolean }[] = [
      { description: 'a proof for the whole path', htu: `${PREFIXED}/users`, accepted: true },
      {
        description: 'a slash at the end of the option',
        origin: `${PREFIXED}/`,
        htu: `${PREFIXED}/users`,
        accepted: true,
      },
      { description: 'a longer start', origin: `${PREFIXED}/eu/`, htu: `${PREFIXED}/eu/users`, accepted: true },
      {
        description: 'a start in another spelling',
        origin: 'HTTPS://API.example.com:443/%761',
        htu: `${PREFIXED}/users`,
        accepted: true,
      },
      {
        description: 'a segment with dots in it',
        origin: `${ORIGIN}/.v1..`,
        htu: `${ORIGIN}/.v1../users`,
        accepted: true,
      },
      { description: 'a query', htu: `${PREFIXED}/users`, path: '/users?a=1', accepted: true },
      { description: 'a proof for the path without it', htu: `${ORIGIN}/users`, accepted: false },
      { description: 'a proof for the start alone', htu: PREFIXED, accepted: false },
      { description: 'a proof with the start twice', htu: `${PREFIXED}/v1/users`, accepted: false },
      { description: 'a proof with another start', htu: `${ORIGIN}/v2/users`, accepted: false },
      { description: 'a proof with the start in another case', htu: `${ORIGIN}/V1/users`, accepted: false },
      { description: 'a proof with the start run on', htu: `${PREFIXED}users`, accepted: false },
      { description: 'a proof with two slashes', htu: `${PREFIXED}//users`, accepted: false },
      { description: 'a proof with an encoded slash', htu: `${PREFIXED}%2fusers`, accepted: false },
      { description: 'a proof that goes up', htu: `${PREFIXED}/../users`, accepted: false },
      { description: 'a proof for another host', htu: 'https://evil.example/v1/users', accepted: false },
      { description: 'a proof for another path below', htu: `${PREFIXED}/other`, accepted: false },
      {
        description: 'a path that the proxy did not shorten',
        htu: `${PREFIXED}/users`,
        path: '/v1/users',
        accepted: false,
      },
    ]
    for (const { description, origin = PREFIXED, htu, path = '/users', accepted: isAccepted } of rows) {
      it(`${isAccepted ? 'accepts' : 'refuses'} ${description}`, async () => {
        const app = createApp({ publicOrigin: origin }, made => made, ['/', '/v1'])
        const answer = await call(app, await proofOf({ claims: { htu } }), { path })
        if (isAccepted) expect(answer.status, answer.headers['www-authenticate']).to.equal(200)
        else expect([answer.status, answer.body.error]).to.deep.equal([401, 'invalid_dpop_proof'])
      })
    }
  })

  const mistakes: { options: Record<string, unknown>; quotes: string }[] = [
    { options: { dpop: true }, quotes: 'dpop' },
    { options: { dpop: 'on' }, quotes: 'dpop' },
    { options: { dpopProof: [] }, quotes: 'dpopProof' },
    { options: { dpopProof: { maxage: 1 } }, quotes: 'maxage' },
    { options: { dpopProof: { maxAge: 0 } }, quotes: 'dpopProof.maxAge' },
    { options: { dpopProof: { maxAge: '300' } }, quotes: 'dpopProof.maxAge' },
    { options: { dpopProof: { algorithms: ['HS256'] } }, quotes: 'dpopProof.algorithms' },
    { options: { dpopProof: { algorithms: [] } }, quotes: 'dpopProof.algorithms' },
    { options: { dpopProof: { nonceSecret: 'short' } }, quotes: 'dpopProof.nonceSecret' },
    { options: { dpopProof: { nonceSecret: 1 } }, quotes: 'dpopProof.nonceSecret' },
    { options: { dpopProof: { replays: {} } }, quotes: 'dpopProof.replays' },
    ...[
      ...['?', '?a', '/v1?a=1', '#', '/v1#a', '/v1/#'],
      ...[
        '//',
        '//v1',
        '/v1//',
        '/v1//users',
        '/.',
        '/v1/.',
        '/v1/..',
        '/v1/../v2',
        '/./v1',
        '/%2e/v1',
        '/v1/.%2E',
        '/v1/..;/../a',
      ],
      ...['/v1%2fusers', '/v1%2Fusers', '/v1%5cusers', '/v1\\users', '/%', '/v1%2', '/v1%zz', '/v 1', '/v1\n', '/é'],
    ].map(path => ({ options: { publicOrigin: `https://api.example.com${path}` }, quotes: 'publicOrigin' })),
    { options: { publicOrigin: 'https://ada@api.example.com/v1' }, quotes: 'publicOrigin' },
    { options: { publicOrigin: 'https://@api.example.com/v1' }, quotes: 'publicOrigin' },
    { options: { publicOrigin: '/v1' }, quotes: 'publicOrigin' },
    { options: { publicOrigin: 'ftp://api.example.com/v1' }, quotes: 'publicOrigin' },
    { options: { publicOrigin: ['https://api.example.com/v1'] }, quotes: 'publicOrigin' },
    { options: { publicOrigin: 'api.example.com' }, quotes: 'publicOrigin' },
    { options: { publicOrigin: 'http://api.example.com' }, quotes: 'publicOrigin' },
  ]
  for (const { options, quotes } of mistakes) {
    it(`refuses to be built with ${JSON.stringify(options)}`, () => {
      expect(() => createApp(options)).to.throw(TypeError, quotes)
    })
  }
})
