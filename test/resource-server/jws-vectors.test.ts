import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { InvalidTokenError } from '../../lib/errors.js'
import { assertBase64url } from '../../lib/resource-server/token/base64url.js'
import { readHeader } from '../../lib/resource-server/token/compact-jws.js'
import { isSignedBy } from '../../lib/resource-server/token/jws-signature.js'
import { fits, readKeys } from '../../lib/resource-server/keys/jwk.js'
import { readVerifierOptions } from '../../lib/resource-server/options/read-options.js'

interface Vectors {
  testGroups: {
    comment: string
    public?: Record<string, unknown>
    private: Record<string, unknown>
    tests: { tcId: number; comment: string; jws: unknown; result: 'valid' | 'invalid' }[]
  }[]
}

const { algorithms } = readVerifierOptions({
  issuer: 'https://issuer.test',
  audience: null,
  algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
})

/** Good elsewhere, refused here, and why. All symmetric ones are, too. */
const STRICTER: Readonly<Record<string, string>> = {
  '346': 'the JWK is for PS256 and the token says PS384',
  '350': 'the JWK is for PS256 and the token says PS384',
  '347': 'the JWK is for ES521, which is no algorithm',
  '351': 'the JWK is for ES521, which is no algorithm',
}

function load(name: string): Vectors {
  return JSON.parse(readFileSync(new URL(`../vectors/wycheproof/${name}`, import.meta.url), 'utf8'))
}

/** Does one of the keys verify the JWS? By the very steps of the verifier; only the payload need not be JSON. */
function isVerified(jws: unknown, jwks: unknown[]): boolean {
  if (typeof jws !== 'string') return false
  const [head = '', payload = '', tail = '', ...rest] = jws.split('.')
  if (rest.length > 0) return false
  try {
    const header = readHeader(head, { algorithms, strict: false })
    if (payload !== '') assertBase64url(payload)
    assertBase64url(tail)
    const parts = { header, signingInput: `${head}.${payload}`, signature: tail }
    return readKeys(jwks, () => undefined)
      .filter(key => (header.kid === undefined || key.kid === header.kid) && fits(key, header.alg))
      .some(key => isSignedBy(parts, key))
  } catch (error) {
    if (error instanceof InvalidTokenError) return false
    throw error
  }
}

for (const file of ['json_web_signature_test.json', 'json_web_key_test.json']) {
  describe(`Wycheproof ${file}`, () => {
    for (const { comment: group, public: published, private: secret, tests } of load(file).testGroups) {
      const key = published ?? secret
      const jwks = Array.isArray(key['keys']) ? key['keys'] : [key]
      for (const { tcId, comment, jws, result } of tests) {
        const isStricter = published === undefined || String(tcId) in STRICTER
        const expected = result === 'valid' && !isStricter
        const reason = result === 'valid' && isStricter ? `: ${STRICTER[tcId] ?? 'symmetric'}` : ''
        it(`${expected ? 'accepts' : 'refuses'} ${tcId} ${group} ${comment}${reason}`, () => {
          expect(isVerified(jws, jwks)).to.equal(expected)
        })
      }
    }
  })
}
