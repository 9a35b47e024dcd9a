import { expect } from 'chai'
import type { VerifierOptions } from '../../lib/resource-server/options/options.js'
import { sharedKey } from '../support/keys.js'
import { ISSUER, mintToken, NOW } from '../support/mint-token.js'
import { createFixture, refusalOf, TIMES } from './fixture.js'

const RESOLVED = 4

/** Uses a token until it is known, and gives what the last use gave: the same object again, where it is kept. */
async function learn(fixture: ReturnType<typeof createFixture>, token: string): Promise<unknown> {
  let auth: unknown
  for (let use = 0; use < RESOLVED; use++) auth = await fixture.verifier.verify(token)
  return auth
}

function isKept(fixture: ReturnType<typeof createFixture>, token: string): boolean {
  const auth = fixture.verifier.verify(token)
  return auth === fixture.verifier.verify(token)
}

describe('result-cache', () => {
  it('answers at once, with the same frozen object, for a token it knows', async () => {
    const fixture = createFixture()
    const token = mintToken({ claims: { jti: 'known' } })
    const auth = await learn(fixture, token)
    expect(fixture.verifier.verify(token)).to.equal(auth)
    expect(auth).to.be.frozen
  })

  it('keeps nothing where it is switched off', async () => {
    const fixture = createFixture({ cache: false })
    const token = mintToken({ claims: { jti: 'off' } })
    await learn(fixture, token)
    expect(isKept(fixture, token)).to.equal(false)
  })

  it('keeps every one of a thousand tokens that come in turn', async () => {
    const fixture = createFixture()
    const tokens = Array.from({ length: 1_000 }, (_, at) => mintToken({ claims: { jti: `turn-${at}` } }))
    for (let round = 0; round < 3; round++) for (const token of tokens) await fixture.verifier.verify(token)
    expect(tokens.filter(token => !isKept(fixture, token))).to.have.length(0)
  })

  it('compares the whole token, not only its end', async () => {
    const fixture = createFixture()
    const token = mintToken({ claims: { jti: 'whole' } })
    await learn(fixture, token)
    const [header = '', , signature = ''] = token.split('.')
    const forged = `${header}.${Buffer.from(JSON.stringify({ iss: ISSUER, sub: 'admin' })).toString('base64url')}.${signature}`
    expect(await refusalOf(fixture.verifier, forged)).to.equal('signature')
    expect(
      await refusalOf(
        fixture.verifier,
        `${token.slice(0, -60)}${token.at(-60) === 'A' ? 'B' : 'A'}${token.slice(-59)}`,
      ),
    ).to.equal('signature')
    expect(await refusalOf(fixture.verifier, token)).to.equal(undefined)
  })

  it('refuses a known token when it expires, and takes it again when the clock was wrong', async () => {
    const fixture = createFixture()
    const token = mintToken({ claims: { jti: 'expires', exp: NOW + 60 } })
    await learn(fixture, token)
    fixture.clock.advance(64_999)
    expect(await refusalOf(fixture.verifier, token)).to.equal(undefined)
    fixture.clock.advance(1)
    expect(await refusalOf(fixture.verifier, token)).to.equal('expired')
    fixture.clock.advance(-60_000)
    expect(await refusalOf(fixture.verifier, token)).to.equal(undefined)
  })

  for (const claim of ['nbf', 'iat']) {
    it(`refuses a known token before its ${claim}, when the clock is set back`, async () => {
      const fixture = createFixture()
      const token = mintToken({ claims: { jti: claim, iat: undefined, [claim]: NOW } })
      await learn(fixture, token)
      fixture.clock.advance(-5_000)
      expect(await refusalOf(fixture.verifier, token)).to.equal(undefined)
      fixture.clock.advance(-1_000)
      expect(await refusalOf(fixture.verifier, token)).to.equal('not_yet_valid')
    })
  }

  it('remembers no refusal', async () => {
    const fixture = createFixture()
    const token = mintToken({ claims: { jti: 'later', nbf: NOW + 60 } })
    expect(await refusalOf(fixture.verifier, token)).to.equal('not_yet_valid')
    fixture.clock.advance(60_000)
    expect(await refusalOf(fixture.verifier, token)).to.equal(undefined)
  })

  it('goes on after its key set was fetched again with the same keys', async () => {
    const fixture = createFixture()
    const token = mintToken({ claims: { jti: 'refreshed' } })
    const auth = await learn(fixture, token)
    fixture.clock.advance(TIMES.cacheMaxAge)
    await fixture.verifier.verify(mintToken({ claims: { jti: 'another' } }))
    expect(fixture.network.calls).to.have.length(2)
    expect(fixture.verifier.verify(token)).to.equal(auth)
  })

  it('ends with the stale bound of the key set', async () => {
    const fixture = createFixture()
    const token = mintToken({ claims: { jti: 'stale', exp: NOW + 86_400 } })
    await learn(fixture, token)
    fixture.network.always(`${ISSUER}/jwks`, () => new Response(null, { status: 500 }))
    for (let minutes = 5; minutes < 60; minutes += 5) {
      fixture.clock.advance(300_000)
      expect(await refusalOf(fixture.verifier, token)).to.equal(undefined)
    }
    fixture.clock.advance(300_000)
    const error = await Promise.resolve()
      .then(() => fixture.verifier.verify(token))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      )
    expect(error).to.include({ status: 503 })
  })

  it('asks predicates on every use', async () => {
    const revoked = new Set<unknown>()
    const fixture = createFixture({ claims: { jti: value => !revoked.has(value) } })
    const token = mintToken({ claims: { jti: 'revocable' } })
    await learn(fixture, token)
    revoked.add('revocable')
    expect(await refusalOf(fixture.verifier, token)).to.equal('claim')
    revoked.clear()
    expect(await refusalOf(fixture.verifier, token)).to.equal(undefined)
  })

  describe('bounds', () => {
    const rows: { description: string; options: Partial<VerifierOptions> }[] = [
      { description: 'entries', options: { cache: { maxEntries: 5 } } },
      { description: 'bytes', options: { cache: { maxBytes: 65_536 } } },
    ]
    for (const { description, options } of rows) {
      it(`are kept in ${description}, and tokens that come once push nothing out`, async () => {
        const fixture = createFixture({ ...options, algorithms: ['EdDSA'] }, [sharedKey('EdDSA').jwk])
        const mint = (jti: string) => mintToken({ key: sharedKey('EdDSA'), claims: { jti } })
        const hot = mint(`hot ${description}`)
        await learn(fixture, hot)
        for (let at = 0; at < 200; at++) await fixture.verifier.verify(mint(`once ${description} ${at}`))
        expect(isKept(fixture, hot)).to.equal(true)
        const known = await learn(fixture, hot)
        for (let at = 0; at < 200; at++) await learn(fixture, mint(`twice ${description} ${at}`))
        expect(await fixture.verifier.verify(hot)).not.to.equal(known)
      })
    }
  })

  it('keeps what is in use, however many others come twice, and lets go of what is not', async () => {
    const fixture = createFixture({ cache: { maxEntries: 40 }, algorithms: ['EdDSA'] }, [sharedKey('EdDSA').jwk])
    const mint = (jti: string) => mintToken({ key: sharedKey('EdDSA'), claims: { jti } })
    const [used, idle] = [mint('in use'), mint('idle')]
    const known = await learn(fixture, used)
    const forgotten = await learn(fixture, idle)
    for (let at = 0; at < 400; at++) {
      await learn(fixture, mint(`one of many ${at}`))
      if (at % 20 === 0) expect(fixture.verifier.verify(used), `after ${at}`).to.equal(known)
    }
    expect(await fixture.verifier.verify(used)).to.equal(known)
    expect(await fixture.verifier.verify(idle)).not.to.equal(forgotten)
  })

  it('counts claims for what they take in memory: a token of many objects pushes out more than one of a long text', async () => {
    const MANY: Record<string, unknown> = {
      'a long text': 'x'.repeat(9_000),
      'many objects': Array.from({ length: 3_000 }, () => ({})),
      'many lists': Array.from({ length: 3_000 }, () => []),
      'many numbers': Array.from({ length: 1_500 }, (_, at) => at + 0.5),
    }
    const kept: Record<string, boolean> = {}
    for (const [description, pad] of Object.entries(MANY)) {
      const fixture = createFixture({ cache: { maxBytes: 65_536 } })
      const token = mintToken({ claims: { jti: description, pad } })
      await learn(fixture, token)
      kept[description] = isKept(fixture, token)
    }
    expect(kept).to.deep.equal({
      'a long text': true,
      'many objects': false,
      'many lists': false,
      'many numbers': false,
    })
  })

  it('is no one else’s: another verifier checks for itself', async () => {
    const one = createFixture()
    const two = createFixture({ audience: 'https://other.test' })
    const token = mintToken({ claims: { jti: 'mine' } })
    await learn(one, token)
    for (let use = 0; use < RESOLVED; use++) expect(await refusalOf(two.verifier, token)).to.equal('audience')
  })
})
