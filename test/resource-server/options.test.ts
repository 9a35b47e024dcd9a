import { expect } from 'chai'
import type { VerifierOptions } from '../../lib/resource-server/options.js'
import { readVerifierOptions } from '../../lib/resource-server/read-options.js'
import { createVerifier } from '../../lib/resource-server/verify-access-token.js'

const GOOD = { issuer: 'https://issuer.test', audience: 'https://api.test' }

describe('options', () => {
  it('fills in the defaults', () => {
    const { issuers, audiences, algorithms, clockTolerance, strict, keySet, cache } = readVerifierOptions(GOOD)
    expect({ issuers, audiences, algorithms: [...algorithms], clockTolerance, strict, keySet, cache }).to.deep.equal({
      issuers: [{ issuer: 'https://issuer.test' }],
      audiences: ['https://api.test'],
      algorithms: ['RS256'],
      clockTolerance: 5,
      strict: false,
      keySet: { cacheMaxAge: 600_000, cooldownDuration: 5_000, timeoutDuration: 5_000, staleMaxAge: 3_600_000 },
      cache: { maxEntries: 10_000, maxBytes: 33_554_432 },
    })
  })

  it('copies what it is given, and writes to none of it', () => {
    const audience = ['a']
    const claims = { org: ['x'] }
    const options = Object.freeze({ ...GOOD, audience, claims, keySet: Object.freeze({ cacheMaxAge: 60_000 }) })
    const settings = readVerifierOptions(options)
    audience.push('b')
    claims.org.push('y')
    expect(settings.audiences).to.deep.equal(['a'])
    expect(settings.claims.get('org')).to.deep.equal(['x'])
    createVerifier(options)
  })

  const accepted: Record<string, unknown>[] = [
    { issuer: 'http://localhost:3000' },
    { issuer: 'http://127.0.0.1:3000/t/acme' },
    { issuer: 'http://[::1]:3000' },
    { issuer: 'https://tenant.auth0.com/' },
    { issuer: ['https://a.test', { issuer: 'https://b.test', jwksUri: 'https://keys.test/b' }] },
    { audience: null },
    { audience: ['api://default', '2f7c8a8e-0000-4000-8000-000000000000'] },
    { algorithms: ['ES256', 'PS512', 'EdDSA', 'Ed25519'] },
    { clockTolerance: 0 },
    { clockTolerance: 0.5 },
    { cache: false },
    { cache: {} },
    { claims: { org: null, level: 1, check: () => true } },
    { keySet: { uri: 'https://keys.test', staleMaxAge: 0, cooldownDuration: 0 } },
    { onEvent: undefined, fetch: undefined, clock: undefined },
  ]
  for (const options of accepted) {
    it(`accepts ${JSON.stringify(options)}`, () => {
      createVerifier({ ...GOOD, ...options })
    })
  }

  const TYPE = 'ERR_INVALID_ARG_TYPE'
  const VALUE = 'ERR_INVALID_ARG_VALUE'
  const refused: [Record<string, unknown>, string, string][] = [
    [{ issuer: undefined }, TYPE, 'issuer'],
    [{ issuer: null }, TYPE, 'issuer'],
    [{ issuer: [] }, VALUE, 'issuer'],
    [{ issuer: '' }, VALUE, 'issuer'],
    [{ issuer: 'issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'http://issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'http://127.0.0.1.evil.test' }, VALUE, 'issuer'],
    [{ issuer: 'http://localhost.evil.test' }, VALUE, 'issuer'],
    [{ issuer: 'ftp://issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'https://user:secret@issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'https://@issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'https://:@issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'https:///issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'https://issuer.test\\x' }, VALUE, 'issuer'],
    [{ issuer: 'https:\\\\issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'https://issuer.test?x' }, VALUE, 'issuer'],
    [{ issuer: 'https://issuer.test#x' }, VALUE, 'issuer'],
    [{ issuer: ' https://issuer.test' }, VALUE, 'issuer'],
    [{ issuer: 'https://issuer.test\n' }, VALUE, 'issuer'],
    [{ issuer: ['https://issuer.test', 'https://issuer.test'] }, VALUE, 'issuer'],
    [{ issuer: { issuer: 'https://issuer.test', jwks_uri: 'https://x.test' } }, VALUE, 'jwks_uri'],
    [{ issuer: { issuer: 'https://issuer.test', jwksUri: 'http://keys.test' } }, VALUE, 'jwksUri'],
    [{ issuer: { issuer: 'https://issuer.test', jwksUri: 1 } }, TYPE, 'jwksUri'],
    [{ audience: undefined }, TYPE, 'audience'],
    [{ audience: '' }, VALUE, 'audience'],
    [{ audience: [] }, VALUE, 'audience'],
    [{ audience: ['a', 1] }, TYPE, 'audience'],
    [{ audience: false }, TYPE, 'audience'],
    [{ algorithms: [] }, VALUE, 'algorithms'],
    [{ algorithms: 'RS256' }, TYPE, 'algorithms'],
    [{ algorithms: ['HS256'] }, VALUE, 'algorithms'],
    [{ algorithms: ['none'] }, VALUE, 'algorithms'],
    [{ algorithms: ['rs256'] }, VALUE, 'algorithms'],
    [{ algorithms: ['__proto__'] }, VALUE, 'algorithms'],
    [{ clockTolerance: '5' }, TYPE, 'clockTolerance'],
    [{ clockTolerance: -1 }, VALUE, 'clockTolerance'],
    [{ clockTolerance: Number.NaN }, VALUE, 'clockTolerance'],
    [{ clockTolerance: 5_000 }, VALUE, 'clockTolerance'],
    [{ clockTolerance: null }, TYPE, 'clockTolerance'],
    [{ strict: 'yes' }, TYPE, 'strict'],
    [{ requiredClaims: 'sub' }, TYPE, 'requiredClaims'],
    [{ requiredClaims: [''] }, VALUE, 'requiredClaims'],
    [{ claims: [] }, TYPE, 'claims'],
    [{ claims: { org: undefined } }, TYPE, 'claims.org'],
    [{ claims: { org: 1n } }, TYPE, 'claims.org'],
    [{ cache: true }, TYPE, 'cache'],
    [{ cache: { maxEntries: 0 } }, VALUE, 'cache.maxEntries'],
    [{ cache: { maxBytes: 1.5 } }, VALUE, 'cache.maxBytes'],
    [{ cache: { max: 10 } }, VALUE, 'max'],
    [{ keySet: 1 }, TYPE, 'keySet'],
    [{ keySet: { timeout: 1 } }, VALUE, 'timeout'],
    [{ keySet: { uri: 'http://keys.test' } }, VALUE, 'keySet.uri'],
    [{ keySet: { cacheMaxAge: '600000' } }, TYPE, 'keySet.cacheMaxAge'],
    [{ keySet: { cacheMaxAge: Number.POSITIVE_INFINITY } }, VALUE, 'keySet.cacheMaxAge'],
    [{ keySet: { cooldownDuration: -1 } }, VALUE, 'keySet.cooldownDuration'],
    [{ keySet: { timeoutDuration: 0 } }, VALUE, 'keySet.timeoutDuration'],
    [{ keySet: { staleMaxAge: Number.NaN } }, VALUE, 'keySet.staleMaxAge'],
    [{ keySet: { seed: {} } }, TYPE, 'keySet.seed'],
    [{ keySet: { seed: [{ issuer: 'https://issuer.test', jwks: { keys: [] } }] } }, TYPE, 'fetchedAt'],
    [{ issuer: ['https://a.test', 'https://b.test'], keySet: { uri: 'https://keys.test' } }, VALUE, 'keySet.uri'],
    [{ clock: Date.now }, TYPE, 'clock'],
    [{ clock: {} }, TYPE, 'clock'],
    [{ fetch: 'fetch' }, TYPE, 'fetch'],
    [{ onEvent: {} }, TYPE, 'onEvent'],
    [{ audiences: ['a'] }, VALUE, 'audiences'],
  ]
  for (const [options, code, quoted] of refused) {
    it(`refuses ${describeOptions(options)}`, () => {
      const wrong = { ...GOOD, ...options } as unknown as VerifierOptions
      expect(() => createVerifier(wrong))
        .to.throw(TypeError, quoted)
        .with.property('code', code)
    })
  }

  for (const options of [undefined, null, 'https://issuer.test', []]) {
    it(`refuses ${JSON.stringify(options)} as options`, () => {
      expect(() => createVerifier(options as unknown as VerifierOptions)).to.throw(TypeError, 'options')
    })
  }
})

function describeOptions(options: object): string {
  return JSON.stringify(options, (_name, value) =>
    ['bigint', 'undefined', 'number'].includes(typeof value) ? String(value) : value,
  )
}
