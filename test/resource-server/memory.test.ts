import { createECDH, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { createAuthenticate } from '../../lib/resource-server/guard/authenticate.js'
import { readDpopOptions } from '../../lib/resource-server/dpop/options.js'
import type { HttpRequest } from '../../lib/http/handler.js'
import { sharedKey } from '../support/keys.js'
import { heapGrowth } from '../support/heap.js'
import { encode, ISSUER, mintToken, signParts } from '../support/mint-token.js'
import { plannedFetch } from '../support/planned-fetch.js'
import { createFixture, JWKS_URI, refusalOf } from './fixture.js'

const SIGNATURE = encode(randomBytes(256))

/** A token nobody signed, of almost 16 KB, with a header of its own. */
function forge(at: number, header: object): string {
  const payload = encode(JSON.stringify({ iss: ISSUER, at, pad: 'x'.repeat(10_000) }))
  return `${encode(JSON.stringify({ alg: 'RS256', ...header }))}.${payload}.${SIGNATURE}`
}

/** A public key of nobody, without a key object: while thousands are freed, Node 20 may lock up in exporting one. */
function strangersKey(): object {
  const point = createECDH('prime256v1').generateKeys()
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(half => half.toString('base64url'))
  return { kty: 'EC', crv: 'P-256', x, y }
}

describe('what nobody signed', () => {
  const rows: { description: string; headerOf: (at: number) => object }[] = [
    { description: 'with headers of their own', headerOf: at => ({ kid: sharedKey().kid, at }) },
    { description: 'with long headers', headerOf: at => ({ kid: sharedKey().kid, at, pad: 'x'.repeat(1_000) }) },
    {
      description: 'with headers of many lists',
      headerOf: at => ({ kid: sharedKey().kid, at, pad: Array(400).fill([]) }),
    },
    { description: 'with invented kids', headerOf: at => ({ kid: `invented ${at}` }) },
  ]
  for (const { description, headerOf } of rows) {
    it(`is not kept: tokens ${description}`, async () => {
      const fixtures = Array.from({ length: 10 }, () => createFixture({ onEvent: () => undefined }))
      for (const { verifier } of fixtures) await refusalOf(verifier, mintToken())
      const grown = await heapGrowth(async () => {
        for (let at = 0; at < 100; at++) {
          for (const { verifier } of fixtures)
            expect(await refusalOf(verifier, forge(at, headerOf(at)))).to.be.a('string')
        }
        return fixtures
      })
      expect(grown).to.be.below(3)
    })
  }

  it('is not kept: proofs by keys of strangers', async () => {
    const { verifier } = createFixture()
    const token = mintToken({ claims: { cnf: { jkt: 'x' } } })
    const authenticate = createAuthenticate(verifier, { dpop: readDpopOptions({ dpop: 'required' }) })
    const attempt = async (at: number): Promise<void> => {
      const jwk = strangersKey()
      const header = encode(JSON.stringify({ alg: 'ES256', typ: 'dpop+jwt', jwk, pad: 'x'.repeat(1_000) }))
      const dpop = `${header}.${encode(JSON.stringify({ at, pad: 'x'.repeat(4_000) }))}.${encode(randomBytes(64))}`
      const headers = { host: 'api.test', authorization: `DPoP ${token}`, dpop }
      const request = { method: 'GET', url: '/', headers, rawHeaders: [], socket: {} } as unknown as HttpRequest
      try {
        await authenticate(request)
      } catch (error) {
        expect(error).to.include({ detail: 'dpop_binding' })
        return
      }
      expect.fail('the proof was taken')
    }
    await attempt(-1)
    const grown = await heapGrowth(async () => {
      for (let at = 0; at < 1_000; at++) await attempt(at)
      return authenticate
    })
    expect(grown).to.be.below(3)
  })

  it('is not kept: what an issuer says beside its keys', async () => {
    const { jwk } = sharedKey()
    const odd = Array.from({ length: 150 }, (_, at) => ({ kty: 'oct', k: 'A'.repeat(4_000), kid: `odd ${at}` }))
    const answer = JSON.stringify({ keys: [...odd, { ...jwk, x5c: ['A'.repeat(200_000)] }] })
    const verifiers = Array.from({ length: 20 }, () => {
      const network = plannedFetch()
      network.always(JWKS_URI, () => new Response(answer))
      return createFixture({ fetch: network.fetch, onEvent: () => undefined }).verifier
    })
    const grown = await heapGrowth(async () => {
      for (const verifier of verifiers) expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      return verifiers
    })
    expect(grown).to.be.below(5)
  })

  it('is told from what an issuer signed, whose headers are kept as pieces of no token', async () => {
    const fixtures = Array.from({ length: 10 }, () => createFixture({ onEvent: () => undefined, cache: false }))
    for (const { verifier } of fixtures) await refusalOf(verifier, mintToken())
    const grown = await heapGrowth(async () => {
      for (let at = 0; at < 64; at++) {
        const header = encode(JSON.stringify({ alg: 'RS256', kid: sharedKey().kid, at }))
        const payload = encode(
          JSON.stringify({ iss: ISSUER, aud: 'https://api.test', exp: 4e9, pad: 'x'.repeat(10_000) }),
        )
        const token = Buffer.from(signParts(header, payload))
        // Each gets a text of its own, as each request has.
        for (const { verifier } of fixtures) expect(await refusalOf(verifier, token.toString())).to.equal(undefined)
      }
      return fixtures
    })
    expect(grown).to.be.below(3)
  })
})
