import { expect } from 'chai'
import { checkSignature, isSignedBy } from '../../lib/resource-server/jws-signature.js'
import { readKey } from '../../lib/resource-server/jwk.js'
import { occupyPool } from '../support/busy-pool.js'
import { sharedKey } from '../support/keys.js'
import { mintToken } from '../support/mint-token.js'

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

describe('jws-signature', () => {
  for (const alg of ALGORITHMS) {
    const { jws, key } = signed(alg)
    const broken = { ...jws, signature: Buffer.from(jws.signature.map(byte => byte ^ 1)) }
    const cut = { ...jws, signature: jws.signature.subarray(1) }

    it(`finds the same on this thread and in the pool: ${alg}`, async () => {
      for (const [candidate, expected] of [
        [jws, true],
        [broken, false],
        [cut, false],
      ] as const) {
        expect(isSignedBy(candidate, key)).to.equal(expected)
        expect(await checkSignature(candidate, key)).to.equal(expected)
      }
    })
  }

  it('holds up so many signatures and no more where the pool is busy', async () => {
    const { jws, key } = signed('RS256')
    const pool = occupyPool()
    const checks = Array.from({ length: 70 }, () => checkSignature(jws, key))
    const waiting = checks.filter(check => check instanceof Promise)
    expect(waiting).to.have.length(64)
    expect(checks.slice(64)).to.deep.equal(Array(6).fill(true))
    expect(await Promise.all(waiting)).to.deep.equal(Array(64).fill(true))
    await pool
    expect(checkSignature(jws, key)).to.be.instanceOf(Promise)
  })
})

function signed(alg: (typeof ALGORITHMS)[number]) {
  const shared = sharedKey(alg)
  const token = mintToken({ key: shared, header: { alg } })
  const dot = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(dot + 1), 'base64url')
  return { jws: { header: { alg }, signingInput: token.slice(0, dot), signature }, key: readKey(shared.jwk) }
}
