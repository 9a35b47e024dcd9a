import { createPublicKey } from 'node:crypto'
import { expect } from 'chai'
import express, { type Express } from 'express'
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose'
import request from 'supertest'
import { type ResourceServerOptions, resourceServer } from '../../lib/index.js'
import { type FailureMode, type TestIssuer, testIssuer } from '../../lib/testing/index.js'
import { setClock } from '../support/set-clock.js'

const AUDIENCE = 'https://api.example.com'

function createApp(options: ResourceServerOptions): Express {
  return express().get('/', resourceServer(options).requireAuth(), (_req, res) => {
    res.json({})
  })
}

async function statusOf(app: Express, token: string): Promise<number> {
  return (await request(app).get('/').set('authorization', `Bearer ${token}`)).status
}

describe('testIssuer', () => {
  it('makes issuers that have nothing in common: no URL, no key, before and after a rotation', async () => {
    const issuers = await Promise.all(Array.from({ length: 30 }, () => testIssuer({ audience: AUDIENCE })))
    await Promise.all(issuers.map(issuer => issuer.rotate()))
    const keys = issuers.flatMap(issuer => issuer.jwks().keys)
    expect(new Set(issuers.map(({ issuer }) => issuer)).size).to.equal(30)
    expect(new Set(keys.map(({ n }) => n)).size).to.equal(60)
    expect(new Set(keys.map(({ kid }) => kid)).size).to.equal(60)
    for (const { issuer } of issuers) expect(issuer).to.match(/^https:\/\/issuer-\d+\.test$/)
  })

  for (const issuer of [undefined, 'https://id.example.com']) {
    it(`refuses the token of another issuer${issuer === undefined ? '' : ' of the same URL'}`, async () => {
      const options = { audience: AUDIENCE, ...(issuer !== undefined && { issuer }) }
      const one = await testIssuer(options)
      const other = await testIssuer(options)
      const apps = [one, other].map(({ resourceServerOptions }) => createApp(resourceServerOptions))
      const tokens = [await one.token(), await other.token()]
      const statuses = await Promise.all(apps.flatMap(app => tokens.map(token => statusOf(app, token))))
      expect(statuses).to.deep.equal([200, 401, 401, 200])
      if (issuer !== undefined) expect([one.issuer, other.issuer]).to.deep.equal([issuer, issuer])
    })
  }

  it('signs as other libraries verify, with keys of 2048 bits', async () => {
    const issuer = await testIssuer({ audience: AUDIENCE })
    for (let round = 0; round < 5; round++) {
      await issuer.rotate({ keep: false })
      const [key = {}] = issuer.jwks().keys
      const { asymmetricKeyDetails } = createPublicKey({ key, format: 'jwk' })
      expect(asymmetricKeyDetails).to.include({ modulusLength: 2048, publicExponent: 65_537n })
      expect(key.kid).to.equal(await calculateJwkThumbprint({ kty: 'RSA', ...key }))
      expect(key).to.include({ kty: 'RSA', use: 'sig', alg: 'RS256' }).and.not.to.have.property('d')
      const keySet = createLocalJWKSet({ keys: issuer.jwks().keys.map(jwk => ({ kty: 'RSA', ...jwk })) })
      const expected = { issuer: issuer.issuer, audience: AUDIENCE, typ: 'at+jwt' }
      const { payload } = await jwtVerify(await issuer.token({ subject: 'ada' }), keySet, expected)
      expect(payload.sub).to.equal('ada')
    }
  })
})

describe('after a rotation', () => {
  let issuer: TestIssuer
  let app: Express
  beforeEach(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
    app = createApp(issuer.resourceServerOptions)
  })

  /** Which token is asked about, in order: `old` was signed before, `new` after. */
  const orders = [
    ['new', 'old'],
    ['old', 'new'],
    ['old', 'old', 'new', 'new'],
  ] as const
  for (const keep of [true, false]) {
    for (const order of orders) {
      for (const requests of [0, 1, 3]) {
        it(`answers at once (keep ${keep}; ${order.join(', ')}; ${requests} requests before)`, async () => {
          const tokens = { old: await issuer.token(), new: '' }
          for (let i = 0; i < requests; i++) expect(await statusOf(app, tokens.old)).to.equal(200)
          await issuer.rotate({ keep })
          tokens.new = await issuer.token()
          const expected = { old: keep ? 200 : 401, new: 200 }
          for (const name of order) expect(await statusOf(app, tokens[name]), name).to.equal(expected[name])
          expect(issuer.fetchCount).to.equal(requests === 0 ? 1 : 2)
        })
      }
    }
  }

  it('answers at once time and again, in every guard, on a clock that stands', async () => {
    const clock = setClock()
    issuer = await testIssuer({ audience: AUDIENCE, clock })
    const apps = [{}, { keySet: { cooldownDuration: 3_600_000 } }, { cache: false as const }].map(options =>
      createApp({ ...issuer.resourceServerOptions, ...options }),
    )
    for (let round = 0; round < 3; round++) {
      const old = await issuer.token()
      for (const one of apps) expect(await statusOf(one, old)).to.equal(200)
      await issuer.rotate({ keep: false })
      for (const one of apps) expect(await statusOf(one, old)).to.equal(401)
      const fresh = await issuer.token()
      for (const one of apps) expect(await statusOf(one, fresh)).to.equal(200)
    }
  })

  it('answers by the new keys where the clock was set back meanwhile', async () => {
    const clock = setClock()
    issuer = await testIssuer({ audience: AUDIENCE, clock })
    app = createApp(issuer.resourceServerOptions)
    clock.advance(60_000)
    expect(await statusOf(app, await issuer.token())).to.equal(200)
    clock.set(Date.UTC(2020, 0, 1))
    const old = await issuer.token()
    expect(await statusOf(app, old)).to.equal(200)
    await issuer.rotate({ keep: false })
    clock.set(Date.UTC(2019, 11, 31, 23, 59, 58))
    expect(await statusOf(app, old)).to.equal(401)
  })

  it('asks once more for keys, which were on their way when they changed', async () => {
    const old = await issuer.token()
    const arrive = issuer.delay()
    const pending = statusOf(app, old)
    while (issuer.fetchCount === 0) await new Promise(resolve => setImmediate(resolve))
    await issuer.rotate({ keep: false })
    const next = statusOf(app, await issuer.token())
    arrive()
    expect(await Promise.all([pending, next])).to.deep.equal([401, 200])
    expect(issuer.fetchCount).to.equal(2)
  })

  it('reaches a guard that uses the global fetch, and one that began with a seed', async () => {
    const { fetch: offline, ...options } = issuer.resourceServerOptions
    const former = globalThis.fetch
    if (offline !== undefined) globalThis.fetch = offline
    try {
      const apps = [createApp(options), createApp({ ...issuer.resourceServerOptions, keySet: { seed: issuer.jwks() } })]
      const old = await issuer.token()
      for (const one of apps) expect(await statusOf(one, old)).to.equal(200)
      await issuer.rotate({ keep: false })
      for (const one of apps) expect(await statusOf(one, await issuer.token())).to.equal(200)
      for (const one of apps) expect(await statusOf(one, old)).to.equal(401)
    } finally {
      globalThis.fetch = former
    }
  })

  for (const mode of ['refuse', 'error', 'html', 'garbage', 'redirect'] satisfies FailureMode[]) {
    it(`goes on with the keys it has while they cannot be had (${mode}), and is well at once`, async () => {
      const old = await issuer.token()
      expect(await statusOf(app, old)).to.equal(200)
      await issuer.rotate({ keep: false })
      issuer.fail(mode)
      const fresh = await issuer.token()
      expect(await statusOf(app, old)).to.equal(200)
      expect(await statusOf(app, fresh)).to.equal(503)
      issuer.fail('none')
      expect(await statusOf(app, fresh)).to.equal(200)
      expect(await statusOf(app, old)).to.equal(401)
    })
  }
})

describe('after publish', () => {
  const cases: { description: string; keys: (issuer: TestIssuer) => unknown[]; status: number }[] = [
    { description: 'no key', keys: () => [], status: 401 },
    {
      description: 'the keys of another issuer',
      keys: () => [{ kty: 'RSA', kid: 'a', n: 'AQAB', e: 'AQAB' }],
      status: 401,
    },
    { description: 'odd ones', keys: () => [null, 1, 'key', {}], status: 401 },
    { description: 'odd ones beside its own', keys: issuer => [null, {}, ...issuer.jwks().keys], status: 200 },
  ]
  for (const { description, keys, status } of cases) {
    it(`answers ${status} at once: ${description}`, async () => {
      const issuer = await testIssuer({ audience: AUDIENCE })
      const app = createApp(issuer.resourceServerOptions)
      const { keys: own } = issuer.jwks()
      const token = await issuer.token()
      for (let i = 0; i < 3; i++) expect(await statusOf(app, token)).to.equal(200)
      issuer.publish(keys(issuer))
      expect(await statusOf(app, token)).to.equal(status)
      issuer.publish(own)
      expect(await statusOf(app, token)).to.equal(200)
      expect(issuer.fetchCount).to.equal(3)
    })
  }

  it('keeps a list of its own, and gives one away', async () => {
    const issuer = await testIssuer({ audience: AUDIENCE })
    const keys: unknown[] = [...issuer.jwks().keys]
    issuer.publish(keys)
    keys.pop()
    issuer.jwks().keys.pop()
    expect(issuer.jwks().keys).to.have.length(1)
  })
})

describe('the fetch of a test issuer', () => {
  const refused = [
    'https://id.example.com.evil.test/jwks.json',
    'http://id.example.com/jwks.json',
    'https://other.test/',
  ]
  for (const url of refused) {
    it(`answers nothing for ${url}`, async () => {
      const { resourceServerOptions } = await testIssuer({ audience: AUDIENCE, issuer: 'https://id.example.com' })
      const answer = await resourceServerOptions.fetch?.(url).catch((error: unknown) => error)
      expect(answer).to.be.an.instanceof(TypeError)
    })
  }
})
