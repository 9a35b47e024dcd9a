import { expect } from 'chai'
import { createSignatureCheck, isSignedBy } from '../../lib/resource-server/token/jws-signature.js'
import { occupyPool, signedJws } from '../support/busy-pool.js'

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

/** Checks in a row on this thread. */
const NONE = 0

describe('jws-signature', () => {
  for (const alg of ALGORITHMS) {
    const { jws, key } = signedJws(alg)
    const bytes = Buffer.from(jws.signature, 'base64url')
    const broken = { ...jws, signature: Buffer.from(bytes.map(byte => byte ^ 1)).toString('base64url') }
    const cut = { ...jws, signature: bytes.subarray(1).toString('base64url') }
    const other = { ...jws, signingInput: `${jws.signingInput.slice(0, -1)}_` }

    it(`finds the same on this thread and in the pool: ${alg}`, async () => {
      for (const [candidate, expected] of [
        [jws, true],
        [broken, false],
        [cut, false],
        [other, false],
      ] as const) {
        expect(isSignedBy(candidate, key)).to.equal(expected)
        expect(await createSignatureCheck(1, NONE)(candidate, key)).to.equal(expected)
      }
    })
  }

  it('holds up so many signatures and no more where the pool is busy', async () => {
    const { jws, key } = signedJws('RS256')
    const check = createSignatureCheck(3, NONE)
    const pool = occupyPool()
    const checks = Array.from({ length: 5 }, () => check(jws, key))
    expect(checks.map(found => found instanceof Promise)).to.deep.equal([true, true, true, false, false])
    expect(await Promise.all(checks)).to.deep.equal(Array(5).fill(true))
    await pool
    expect(check(jws, key)).to.be.instanceOf(Promise)
  })

  it('stays on this thread where there is no room in the pool at all', () => {
    const { jws, key } = signedJws('RS256')
    expect(createSignatureCheck(0, NONE)(jws, key)).to.equal(true)
  })

  it('gives back the room of a signature that is not good', async () => {
    const { jws, key } = signedJws('RS256')
    const check = createSignatureCheck(1, NONE)
    const broken = { ...jws, signature: Buffer.alloc(256, 0xff).toString('base64url') }
    for (let at = 0; at < 3; at++) {
      const found = check(broken, key)
      expect(found).to.be.instanceOf(Promise)
      expect(await found).to.equal(false)
    }
  })

  describe('where nobody waits', () => {
    const { jws, key } = signedJws('RS256')

    /** How many checks stay on this thread before one goes to the pool; it is waited for. */
    async function rowOf(check: ReturnType<typeof createSignatureCheck>): Promise<number> {
      for (let row = 0; ; row++) {
        const found = check(jws, key)
        expect(await found).to.equal(true)
        if (found instanceof Promise) return row
      }
    }

    it('stays on this thread, but for one check after each row', async () => {
      const check = createSignatureCheck(64, 8)
      expect(await rowOf(check)).to.equal(8)
      expect(await rowOf(check)).to.equal(8)
    })

    it('follows the one that went to the pool, as many as come, and comes back in longer and longer rows', async () => {
      const check = createSignatureCheck(64, 8)
      for (let at = 0; at < 8; at++) expect(check(jws, key)).to.equal(true)
      const crowd = Array.from({ length: 20 }, () => check(jws, key))
      expect(crowd.every(found => found instanceof Promise)).to.equal(true)
      expect(await Promise.all(crowd)).to.deep.equal(Array(20).fill(true))
      const rows: number[] = []
      for (let at = 0; at < 6; at++) rows.push(await rowOf(check))
      expect(rows).to.deep.equal([1, 2, 4, 8, 8, 8])
    })

    it('takes one that comes with the first of its kind for a crowd, whatever came of them', async () => {
      const check = createSignatureCheck(64, 8)
      const broken = { ...jws, signature: Buffer.alloc(256, 0xff).toString('base64url') }
      for (let at = 0; at < 8; at++) check(broken, key)
      expect(await Promise.all([check(broken, key), check(broken, key)])).to.deep.equal([false, false])
      expect(await rowOf(check)).to.equal(1)
    })
  })
})
