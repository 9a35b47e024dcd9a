import { expect } from 'chai'
import { createSignatureCheck, isSignedBy } from '../../lib/resource-server/jws-signature.js'
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
        expect(await createSignatureCheck(1)(candidate, key)).to.equal(expected)
      }
    })
  }

  it('holds up so many signatures and no more where the pool is busy', async () => {
    const { jws, key } = signed('RS256')
    const check = createSignatureCheck(3)
    const pool = occupyPool()
    const checks = Array.from({ length: 5 }, () => check(jws, key))
    expect(checks.map(found => found instanceof Promise)).to.deep.equal([true, true, true, false, false])
    expect(await Promise.all(checks)).to.deep.equal(Array(5).fill(true))
    await pool
    expect(check(jws, key)).to.be.instanceOf(Promise)
  })

  it('stays on this thread where there is no room in the pool at all', () => {
    const { jws, key } = signed('RS256')
    expect(createSignatureCheck(0)(jws, key)).to.equal(true)
  })

  it('gives back the room of a signature that is not good', async () => {
    const { jws, key } = signed('RS256')
    const check = createSignatureCheck(1)
    const broken = { ...jws, signature: Buffer.alloc(jws.signature.length, 0xff) }
    for (let at = 0; at < 3; at++) {
      const found = check(broken, key)
      expect(found).to.be.instanceOf(Promise)
      expect(await found).to.equal(false)
    }
  })
})

function signed(alg: (typeof ALGORITHMS)[number]) {
  const shared = sharedKey(alg)
  const token = mintToken({ key: shared, header: { alg } })
  const dot = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(dot + 1), 'base64url')
  return { jws: { header: { alg }, signingInput: token.slice(0, dot), signature }, key: readKey(shared.jwk) }
}
