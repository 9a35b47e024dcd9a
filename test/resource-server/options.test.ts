import { expect } from 'chai'
import type { VerifierOptions } from '../../lib/resource-server/options/options.js'
import { readVerifierOptions } from '../../lib/resource-server/options/read-options.js'
import { createVerifier } from '../../lib/resource-server/token/verify-access-token.js'

const GOOD = { issuer: 'https://issuer.test', audience: 'https://api.test' }

/** An issuer whose keys are at a given place. */
const at = (issuer: unknown, more: object = {}) => ({ issuer: { issuer, jwksUri: 'https://keys.test', ...more } })

const TENANT = '2f7c8a8e-0000-4000-8000-000000000000'
const TEMPLATE = 'https://login.test/{tenantid}/v2.0'
const tenanted = (issuer: string, tenants: unknown = [TENANT]) => ({ issuer: { issuer, tenants } })

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
    const tenants = [TENANT]
    const [issuer] = readVerifierOptions({ ...GOOD, issuer: { issuer: TEMPLATE, tenants } }).issuers
    tenants.push('x')
    expect(issuer?.tenants).to.deep.equal(new Set([TENANT]))
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
    at('https://issuer.test'),
    at('https://issuer.test?x=1#y'),
    at('http://adfs.test/adfs/services/trust'),
    at('stytch.com/project-test-00000000'),
    at('urn:example:issuer'),
    at('x'),
    at('x'.repeat(600)),
    at('Ausstellerin für Übung 🔑'),
    at('🔑'.repeat(600)),
    at('__proto__'),
    { issuer: 'stytch.com/project-test-00000000', keySet: { uri: 'https://keys.test' } },
    { issuer: { issuer: 'http://issuer.test', allowInsecureRequests: true } },
    { issuer: { issuer: 'https://issuer.test', allowInsecureRequests: false } },
    at('http://issuer.test', { jwksUri: 'http://keys.test', allowInsecureRequests: true }),
    {
      issuer: { issuer: 'https://issuer.test', allowInsecureRequests: true },
      keySet: { uri: 'http://keys.test' },
    },
    tenanted(TEMPLATE),
    tenanted(TEMPLATE, [TENANT.toUpperCase(), TENANT]),
    tenanted(TEMPLATE, () => true),
    tenanted('https://login.test/{tenantid}'),
    tenanted('https://login.test/{tenantid}/'),
    tenanted('https://login.test/a/tenant-{tenantid}.b/c'),
    tenanted('http://localhost:3000/{tenantid}'),
    { issuer: { ...tenanted('http://login.test/{tenantid}').issuer, allowInsecureRequests: true } },
    at('http://login.test/{tenantid}', { tenants: [TENANT] }),
    { issuer: [tenanted(TEMPLATE).issuer, tenanted('https://sts.test/{tenantid}/').issuer] },
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
    it(`accepts ${describeOptions(options).slice(0, 120)}`, () => {
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
    [at(undefined), TYPE, 'issuer'],
    [at(1), TYPE, 'issuer'],
    [at(''), VALUE, 'issuer'],
    [at(' x'), VALUE, 'issuer'],
    [at('x '), VALUE, 'issuer'],
    [at(' '), VALUE, 'issuer'],
    [at('x\n'), VALUE, 'issuer'],
    [at('x\ty'), VALUE, 'issuer'],
    [at('x\0'), VALUE, 'issuer'],
    [at('x\u007f'), VALUE, 'issuer'],
    [at('x\u2028y'), VALUE, 'issuer'],
    [at('x\u200by'), VALUE, 'issuer'],
    [at('\ufeffx'), VALUE, 'issuer'],
    [at('\ud800'), VALUE, 'issuer'],
    [at('x'.repeat(601)), VALUE, 'issuer'],
    [at('https://issuer.test', { jwksUri: '' }), VALUE, 'jwksUri'],
    [at('https://issuer.test', { jwksUri: null }), TYPE, 'jwksUri'],
    [at('https://issuer.test', { jwksUri: 'keys.test' }), VALUE, 'jwksUri'],
    [at('https://issuer.test', { jwksUri: 'https://user@keys.test' }), VALUE, 'jwksUri'],
    [at('https://issuer.test', { jwksUri: 'http://keys.test' }), VALUE, 'allowInsecureRequests'],
    [at('http://issuer.test', { jwksUri: 'http://keys.test', allowInsecureRequests: false }), VALUE, 'jwksUri'],
    [at('https://issuer.test', { jwksUri: 'ftp://keys.test', allowInsecureRequests: true }), VALUE, 'jwksUri'],
    [at('https://issuer.test', { jwksUri: 'file:///keys', allowInsecureRequests: true }), VALUE, 'jwksUri'],
    [at('https://issuer.test', { jwksUri: 'http://u:p@keys.test', allowInsecureRequests: true }), VALUE, 'jwksUri'],
    [at('https://issuer.test', { allowInsecureRequests: 1 }), TYPE, 'allowInsecureRequests'],
    [at('https://issuer.test', { allowInsecureRequests: 'true' }), TYPE, 'allowInsecureRequests'],
    [at('https://issuer.test', { allowInsecureRequests: null }), TYPE, 'allowInsecureRequests'],
    [{ issuer: { issuer: 'issuer.test', allowInsecureRequests: true } }, VALUE, 'issuer'],
    [{ issuer: { issuer: 'ftp://issuer.test', allowInsecureRequests: true } }, VALUE, 'issuer'],
    [{ issuer: { issuer: 'http://u@issuer.test', allowInsecureRequests: true } }, VALUE, 'issuer'],
    [{ issuer: { issuer: 'http://issuer.test', allowInsecureRequests: false } }, VALUE, 'issuer'],
    [{ allowInsecureRequests: true }, VALUE, 'allowInsecureRequests'],
    [{ ...at('https://issuer.test'), keySet: { uri: 'https://keys.test' } }, VALUE, 'keySet.uri'],
    [{ issuer: { issuer: 'http://issuer.test' }, keySet: { uri: 'http://keys.test' } }, VALUE, 'keySet.uri'],
    [{ issuer: TEMPLATE }, TYPE, 'tenants'],
    [{ issuer: TEMPLATE, keySet: { uri: 'https://keys.test' } }, TYPE, 'tenants'],
    [at(TEMPLATE), TYPE, 'tenants'],
    [at('https://issuer.test', { tenants: [TENANT] }), VALUE, 'tenants'],
    [at('https://issuer.test', { tenants: () => true }), VALUE, 'tenants'],
    [tenanted(TEMPLATE, null), TYPE, 'tenants'],
    [tenanted(TEMPLATE, TENANT), TYPE, 'tenants'],
    [tenanted(TEMPLATE, new Set([TENANT])), TYPE, 'tenants'],
    [tenanted(TEMPLATE, []), VALUE, 'tenants'],
    [tenanted(TEMPLATE, [1]), TYPE, 'tenants'],
    [tenanted(TEMPLATE, ['']), VALUE, 'tenants'],
    [tenanted(TEMPLATE, ['contoso.com']), VALUE, 'tenants'],
    [tenanted(TEMPLATE, ['*']), VALUE, 'tenants'],
    [tenanted(TEMPLATE, [`${TENANT} `]), VALUE, 'tenants'],
    [tenanted(TEMPLATE, [TENANT, '{tenantid}']), VALUE, 'tenants'],
    [tenanted('https://login.test/{tenantId}/v2.0'), VALUE, 'issuer'],
    [tenanted('https://login.test/{tid}/v2.0'), VALUE, 'issuer'],
    [tenanted('https://login.test/{}/v2.0'), VALUE, 'issuer'],
    [tenanted('https://login.test/{{tenantid}}/v2.0'), VALUE, 'issuer'],
    [tenanted('https://login.test/{tenantid}/{tenantid}'), VALUE, 'issuer'],
    [tenanted('https://login.test/{tenantid}/{policy}'), VALUE, 'issuer'],
    [tenanted('https://login.test/{tenantid'), VALUE, 'issuer'],
    [tenanted('https://login.test/tenantid}'), VALUE, 'issuer'],
    [tenanted('https://{tenantid}.login.test/v2.0'), VALUE, 'issuer'],
    [tenanted('https://{tenantid}/v2.0'), VALUE, 'issuer'],
    [tenanted('https://{tenantid}.login.test/{tenantid}'), VALUE, 'issuer'],
    [tenanted('https://login.test:{tenantid}/v2.0'), VALUE, 'issuer'],
    [tenanted('https://{tenantid}@login.test/v2.0'), VALUE, 'issuer'],
    [tenanted('https://user@login.test/{tenantid}'), VALUE, 'issuer'],
    [tenanted('https://login.test/?tenant={tenantid}'), VALUE, 'issuer'],
    [tenanted('https://login.test/#{tenantid}'), VALUE, 'issuer'],
    [tenanted('https://login.test/{tenantid}?x'), VALUE, 'issuer'],
    [tenanted('http://login.test/{tenantid}'), VALUE, 'issuer'],
    [tenanted('{tenantid}'), VALUE, 'issuer'],
    [at('{tenantid}', { tenants: [TENANT] }), VALUE, 'issuer'],
    [at('urn:x:{tenantid}', { tenants: [TENANT] }), VALUE, 'issuer'],
    [at('https://{tenantid}.login.test/', { tenants: [TENANT] }), VALUE, 'issuer'],
    [at('https://u@login.test/{tenantid}', { tenants: [TENANT] }), VALUE, 'issuer'],
    [at('project-{x}'), VALUE, 'issuer'],
    [{ issuer: 'https://issuer.test/{x}' }, VALUE, 'issuer'],
    [{ issuer: [tenanted(TEMPLATE).issuer, tenanted(TEMPLATE, () => true).issuer] }, VALUE, 'issuer'],
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
    it(`refuses ${describeOptions(options).slice(0, 120)}`, () => {
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
    ['bigint', 'undefined', 'number', 'function'].includes(typeof value) ? String(value) : value,
  )
}
