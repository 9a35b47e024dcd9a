import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { type ResourceServerEvent, type ResourceServerOptions, resourceServer } from '../../lib/index.js'
import type { VerifierEvent } from '../../lib/resource-server/contract/events.js'
import type { IssuerOption, VerifierOptions } from '../../lib/resource-server/options/options.js'
import { createVerifier } from '../../lib/resource-server/token/verify-access-token.js'
import { sharedKey } from '../support/keys.js'
import { AUDIENCE, ISSUER, mintToken, NOW } from '../support/mint-token.js'
import { json, plannedFetch } from '../support/planned-fetch.js'
import { setClock } from '../support/set-clock.js'
import { THROWN, WAYS, withoutStrays } from '../support/thrown.js'
import { expectUnavailable, refusalOf } from './fixture.js'

const ORIGIN = 'https://login.test'
const TEMPLATE = `${ORIGIN}/{tenantid}/v2.0`
const KEYS = `${ORIGIN}/organizations/keys`
const OAUTH = `${ORIGIN}/.well-known/oauth-authorization-server/organizations/v2.0`
const OPENID = `${ORIGIN}/organizations/v2.0/.well-known/openid-configuration`
const A = 'aaaaaaaa-0000-4000-8000-00000000000a'
const B = 'bbbbbbbb-0000-4000-8000-00000000000b'

const issuerOf = (tid: string): string => TEMPLATE.replace('{tenantid}', tid)

/** A token of a tenant, which may say something else. */
function tokenOf(tid: string, claims: Record<string, unknown> = {}, key = sharedKey()): string {
  return mintToken({ key, claims: { iss: issuerOf(tid), tid, exp: NOW + 86_400, ...claims } })
}

/** What an issuer of many tenants publishes, and a verifier of its tokens. */
function tenanted(tenants: IssuerOption['tenants'], options: Partial<VerifierOptions> = {}) {
  const network = plannedFetch()
  const clock = setClock()
  const events: VerifierEvent[] = []
  const published: { keys: unknown[] } = { keys: [sharedKey().jwk] }
  network.always(OAUTH, () => json({}, 404))
  network.always(OPENID, () => json({ issuer: TEMPLATE, jwks_uri: KEYS }))
  network.always(KEYS, () => json(published))
  const common: VerifierOptions = {
    issuer: { issuer: TEMPLATE, ...(tenants !== undefined && { tenants }) },
    audience: AUDIENCE,
    clock,
    fetch: network.fetch,
    onEvent: event => void events.push(event),
  }
  return { network, clock, events, published, common, verifier: createVerifier({ ...common, ...options }) }
}

describe('tenants', () => {
  it('have one key set, wherever the document of all organizations says', async () => {
    const { verifier, network } = tenanted([A, B])
    for (const tid of [A, B, A]) expect(await refusalOf(verifier, tokenOf(tid))).to.equal(undefined)
    expect(network.calls).to.deep.equal([OAUTH, OPENID, KEYS])
  })

  it('share it among guards that let in others', async () => {
    const { common, network } = tenanted([A])
    for (const tenants of [[A], [B], () => true, async () => true]) {
      const verifier = createVerifier({ ...common, issuer: { issuer: TEMPLATE, tenants } })
      const tenant = Array.isArray(tenants) ? (tenants[0] ?? A) : B
      expect(await refusalOf(verifier, tokenOf(tenant))).to.equal(undefined)
      const other = tenant === A ? B : A
      expect(await refusalOf(verifier, tokenOf(other))).to.equal(Array.isArray(tenants) ? 'tenant' : undefined)
    }
    expect(network.calls).to.deep.equal([OAUTH, OPENID, KEYS])
  })

  it('have their keys at a given place, and no document is read', async () => {
    const { common, network } = tenanted([A])
    const verifier = createVerifier({ ...common, issuer: { issuer: TEMPLATE, tenants: [A], jwksUri: KEYS } })
    expect(await refusalOf(verifier, tokenOf(A))).to.equal(undefined)
    expect(network.calls).to.deep.equal([KEYS])
  })

  for (const found of [issuerOf('organizations'), issuerOf(A), issuerOf('{tenantId}'), `${TEMPLATE}/`, ORIGIN, null]) {
    it(`have no keys by a document of the issuer ${found}`, async () => {
      const { verifier, network, events } = tenanted([A])
      network.always(OPENID, () => json({ issuer: found, jwks_uri: KEYS }))
      await expectUnavailable(verifier, tokenOf(A))
      expect(network.calls).to.deep.equal([OAUTH, OPENID])
      expect(events[0]).to.include({ type: 'metadata_issuer_mismatch', issuer: TEMPLATE, found: found ?? '' })
      expect(events[1]).to.include({ type: 'key_set_failed', code: 'no_metadata', issuer: TEMPLATE })
    })
  }

  it('are the same in either case, in the option and in the token', async () => {
    const asked: string[] = []
    const tellsAndAllows = (tid: string): boolean => asked.push(tid) > 0
    for (const tenants of [[A], [A.toUpperCase()], tellsAndAllows]) {
      const { verifier } = tenanted(tenants)
      expect(await refusalOf(verifier, tokenOf(A))).to.equal(undefined)
      expect(await refusalOf(verifier, tokenOf(A.toUpperCase()))).to.equal(undefined)
    }
    expect(asked).to.deep.equal([A, A])
  })

  const strangers: { description: string; tid?: unknown; iss?: unknown }[] = [
    { description: 'another tenant in iss', tid: A, iss: issuerOf(B) },
    { description: 'another tenant in tid', tid: B, iss: issuerOf(A) },
    { description: 'no tid', tid: undefined, iss: issuerOf(A) },
    { description: 'a tid of null', tid: null, iss: issuerOf(A) },
    { description: 'a list as tid', tid: [A], iss: issuerOf(A) },
    { description: 'tid in another case', tid: A.toUpperCase(), iss: issuerOf(A) },
    { description: 'the template itself', tid: '{tenantid}', iss: TEMPLATE },
    { description: 'all organizations', tid: 'organizations', iss: issuerOf('organizations') },
    { description: 'an empty tid', tid: '', iss: issuerOf('') },
    { description: 'a tid that leads elsewhere', tid: `${B}/../${A}`, iss: issuerOf(`${B}/../${A}`) },
    { description: 'a tid in braces', tid: `{${A}}`, iss: issuerOf(`{${A}}`) },
    { description: 'a tid with a line end', tid: `${A}\n`, iss: issuerOf(`${A}\n`) },
    { description: 'a tid without hyphens', tid: A.replaceAll('-', ''), iss: issuerOf(A.replaceAll('-', '')) },
    { description: 'the tid twice', tid: A, iss: issuerOf(`${A}${A}`) },
    { description: 'something after it', tid: A, iss: `${issuerOf(A)}/` },
    { description: 'something before it', tid: A, iss: ` ${issuerOf(A)}` },
    { description: 'another version', tid: A, iss: issuerOf(A).replace('v2.0', 'v1.0') },
    { description: 'another host', tid: A, iss: issuerOf(A).replace('login.test', 'login.evil') },
    { description: 'a list as iss', tid: A, iss: [issuerOf(A)] },
    { description: 'no iss', tid: A, iss: undefined },
  ]
  for (const { description, ...claims } of strangers) {
    it(`are not those of a token with ${description}; nothing is asked or fetched`, async () => {
      const asked: string[] = []
      for (const tenants of [[A], (tid: string) => asked.push(tid) > 0]) {
        const { verifier, network, events } = tenanted(tenants)
        expect(await refusalOf(verifier, tokenOf(A, claims))).to.equal('issuer')
        expect(network.calls).to.deep.equal([])
        expect(events).to.deep.equal([{ type: 'token.refused', code: 'issuer', kid: sharedKey().kid }])
      }
      expect(asked).to.deep.equal([])
    })
  }

  it('that are not listed cause no request', async () => {
    const { verifier, network, events } = tenanted([A])
    expect(await refusalOf(verifier, tokenOf(B))).to.equal('tenant')
    expect(network.calls).to.deep.equal([])
    expect(events).to.deep.equal([{ type: 'token.refused', code: 'tenant', issuer: TEMPLATE, kid: sharedKey().kid }])
  })

  it('may stand beside issuers of their own, which need no tid', async () => {
    const { common, network } = tenanted([A])
    network.always(`${ISSUER}/jwks`, () => json({ keys: [sharedKey('RS256', 'other').jwk] }))
    const issuer = [
      { issuer: TEMPLATE, tenants: [A] },
      { issuer: issuerOf(B), jwksUri: KEYS },
      { issuer: ISSUER, jwksUri: `${ISSUER}/jwks` },
    ]
    const verifier = createVerifier({ ...common, issuer })
    expect(await refusalOf(verifier, tokenOf(A))).to.equal(undefined)
    expect(await refusalOf(verifier, tokenOf(B, { tid: undefined }))).to.equal(undefined)
    expect(await refusalOf(verifier, tokenOf(A, { iss: ISSUER }))).to.equal('key')
    const other = sharedKey('RS256', 'other')
    expect(await refusalOf(verifier, tokenOf(A, { iss: ISSUER }, other))).to.equal(undefined)
    expect(await refusalOf(verifier, tokenOf(A, {}, other))).to.equal('key')
  })

  describe('by a function', () => {
    it('are asked for on every use of a token, and let in and shut out at any time', async () => {
      let answer = true
      let asked = 0
      for (const predicate of [() => answer, async () => answer]) {
        const { verifier } = tenanted(() => {
          asked++
          return predicate()
        })
        const token = tokenOf(A)
        asked = 0
        for (const allowed of [true, true, true, false, false, true]) {
          answer = allowed
          expect(await refusalOf(verifier, token)).to.equal(allowed ? undefined : 'tenant')
        }
        expect(asked).to.equal(6)
      }
    })

    it('are known at once where the token is and the answer is at hand', async () => {
      const { verifier } = tenanted(() => true)
      const token = tokenOf(A)
      for (let use = 0; use < 3; use++) await verifier.verify(token)
      expect(verifier.verify(token)).not.to.be.instanceOf(Promise)
    })

    const bad: { description: string; claims?: Record<string, unknown>; key?: string; refusal: string }[] = [
      { description: 'expired', claims: { exp: NOW - 60 }, refusal: 'expired' },
      { description: 'for another audience', claims: { aud: 'https://other.test' }, refusal: 'audience' },
      { description: 'signed by a stranger', key: 'stranger', refusal: 'key' },
      { description: 'of another issuer', claims: { iss: ISSUER }, refusal: 'issuer' },
    ]
    for (const { description, claims, key, refusal } of bad) {
      it(`are not asked for by a token that is ${description}`, async () => {
        let asked = 0
        const { verifier } = tenanted(() => asked++ >= 0)
        const signer = key === undefined ? sharedKey() : sharedKey('RS256', key)
        for (let use = 0; use < 3; use++)
          expect(await refusalOf(verifier, tokenOf(A, claims, signer))).to.equal(refusal)
        expect(asked).to.equal(0)
      })
    }

    const noAnswers: unknown[] = [undefined, null, 0, 1, '', 'true', {}, [], [true], new Boolean(true), () => true]
    for (const answer of noAnswers) {
      it(`are shut out by an answer that is no boolean: ${String(answer) || JSON.stringify(answer)}`, async () => {
        for (const predicate of [() => answer, async () => answer]) {
          const { verifier } = tenanted(predicate as () => boolean)
          for (let use = 0; use < 4; use++) expect(await refusalOf(verifier, tokenOf(A))).to.equal('tenant')
        }
      })
    }

    for (const [way, brokenBy] of Object.entries(WAYS)) {
      for (const [thing, value] of Object.entries(THROWN)) {
        it(`are shut out by one that ${way}: ${thing}`, () =>
          withoutStrays(async () => {
            const { verifier, events } = tenanted(brokenBy(value) as () => boolean)
            const token = tokenOf(A)
            for (let use = 0; use < 4; use++) expect(await refusalOf(verifier, token)).to.equal('tenant')
            const refusals = events.filter(({ type }) => type === 'token.refused')
            expect(refusals).to.have.length(4)
            for (const event of refusals) expect(event).to.include({ code: 'tenant', issuer: TEMPLATE, ageMs: 0 })
          }))
      }
    }

    it('are asked for once in a request, however many guards follow', async () => {
      let asked = 0
      const { common } = tenanted([A])
      const { requireAuth, requireScope } = resourceServer({
        ...(common as ResourceServerOptions),
        issuer: { issuer: TEMPLATE, tenants: async () => asked++ >= 0 },
      })
      const guards = [requireAuth(), requireScope('read:users'), requireScope.any('write:users')]
      const app = express().get('/', ...guards, (_req, res) => res.json({}))
      for (let use = 1; use <= 3; use++) {
        await request(app)
          .get('/')
          .set('authorization', `Bearer ${tokenOf(A)}`)
          .expect(200)
        expect(asked).to.equal(use)
      }
    })
  })

  describe('share keys', () => {
    const others = [
      issuerOf(B),
      issuerOf('{tenantId}'),
      `${TEMPLATE}/`,
      ISSUER,
      '',
      1,
      {},
      [TEMPLATE],
      'x'.repeat(2_000),
    ]
    const rows: { issuer: unknown; tid: string; refusal: string | undefined }[] = [
      { issuer: undefined, tid: A, refusal: undefined },
      { issuer: null, tid: A, refusal: undefined },
      { issuer: TEMPLATE, tid: A, refusal: undefined },
      { issuer: issuerOf(A), tid: A, refusal: undefined },
      ...others.map(issuer => ({ issuer, tid: A, refusal: 'key' })),
    ]
    for (const { issuer, tid, refusal } of rows) {
      const named = JSON.stringify(issuer)?.slice(0, 80)
      it(`${refusal === undefined ? 'and' : 'but not'} one that is of the issuer ${named}`, async () => {
        const { verifier, published, common } = tenanted([A, B])
        published.keys = [{ ...sharedKey().jwk, issuer }]
        expect(await refusalOf(verifier, tokenOf(tid))).to.equal(refusal)
        expect(
          await refusalOf(verifier, mintToken({ header: { kid: undefined }, claims: { iss: issuerOf(tid), tid } })),
        ).to.equal(refusal)
        // In the next process, too.
        const seed = JSON.parse(JSON.stringify(verifier.exportKeys()))
        expect(seed[0].issuer).to.equal(TEMPLATE)
        const warm = createVerifier({ ...common, fetch: plannedFetch().fetch, keySet: { seed } })
        expect(await refusalOf(warm, tokenOf(tid))).to.equal(refusal)
      })
    }

    it('and a key that becomes that of one tenant is dead for the others', async () => {
      const { verifier, published, clock } = tenanted([A, B])
      const tokens = [A, B].map(tid => tokenOf(tid))
      for (let use = 0; use < 3; use++) {
        for (const token of tokens) expect(await refusalOf(verifier, token)).to.equal(undefined)
      }
      published.keys = [{ ...sharedKey().jwk, issuer: issuerOf(B) }]
      clock.advance(600_000)
      await verifier.ready()
      expect(await Promise.all(tokens.map(token => refusalOf(verifier, token)))).to.deep.equal(['key', undefined])
    })

    it('and a key of a single issuer is good whatever issuer it names', async () => {
      const { common, published } = tenanted([A])
      published.keys = [{ ...sharedKey().jwk, issuer: TEMPLATE }]
      const verifier = createVerifier({ ...common, issuer: { issuer: issuerOf(A), jwksUri: KEYS } })
      expect(await refusalOf(verifier, tokenOf(A))).to.equal(undefined)
    })
  })

  it('are told of in events by the template, of which there is one', async () => {
    const { common } = tenanted([A])
    const events: ResourceServerEvent[] = []
    const { requireScope } = resourceServer({
      ...(common as ResourceServerOptions),
      issuer: { issuer: TEMPLATE, tenants: tid => tid === A },
      isRevoked: ({ jti }) => jti === 'revoked',
      onEvent: event => void events.push(event),
    })
    const app = express().get('/', requireScope('admin'), (_req, res) => res.json({}))
    const tokens = [
      tokenOf(A),
      tokenOf(B),
      tokenOf(A, { jti: 'revoked' }),
      tokenOf(A, { exp: 1 }),
      tokenOf(A, { cnf: {} }),
    ]
    for (const token of tokens) {
      await request(app).get('/').set('authorization', `Bearer ${token}`)
    }
    const refusals = events.filter(event => event.type === 'refused')
    expect(refusals.map(({ status }) => status)).to.deep.equal([403, 401, 401, 401, 401])
    expect(events.map(({ issuer }) => issuer)).to.deep.equal(events.map(() => TEMPLATE))
  })

  const published: { description: string; issuer: VerifierOptions['issuer']; expected: string[] | undefined }[] = [
    { description: 'a list', issuer: { issuer: TEMPLATE, tenants: [A, B] }, expected: [issuerOf(A), issuerOf(B)] },
    { description: 'a function', issuer: { issuer: TEMPLATE, tenants: () => true }, expected: undefined },
    { description: 'a text', issuer: { issuer: 'stytch.test/project', jwksUri: KEYS }, expected: undefined },
    {
      description: 'an http issuer that nothing is asked of',
      issuer: { issuer: 'http://adfs.test/trust', jwksUri: KEYS },
      expected: undefined,
    },
    {
      description: 'a list and an issuer',
      issuer: [ISSUER, { issuer: TEMPLATE, tenants: [A] }],
      expected: [ISSUER, issuerOf(A)],
    },
  ]
  for (const { description, issuer, expected } of published) {
    it(`are published to clients as issuers that they can use: ${description}`, async () => {
      const { metadataRouter } = resourceServer({
        issuer,
        audience: AUDIENCE,
        resourceMetadata: { resource: AUDIENCE },
      })
      const app = express().use(metadataRouter)
      const { body } = await request(app).get('/.well-known/oauth-protected-resource').expect(200)
      expect(body.authorization_servers).to.deep.equal(expected)
    })
  }
})
