import { expect } from 'chai'
import { InvalidTokenError } from '../../lib/errors.js'
import type { VerifierOptions } from '../../lib/resource-server/options/options.js'
import type { AccessTokenVerifier, AuthInfo } from '../../lib/resource-server/contract/types.js'
import { beginCrowd, HAS_POOL } from '../support/busy-pool.js'
import { renameKey, sharedKey } from '../support/keys.js'
import { ISSUER, mintToken, NOW, type TokenPlan } from '../support/mint-token.js'
import { json } from '../support/planned-fetch.js'
import { createFixture, JWKS_URI, refusalOf } from './fixture.js'

/** Where a signature is checked: that of a token which comes alone, and that of one of many. */
const PLACES: { place: string; isWaitedFor: boolean; begin: () => Promise<void> }[] = [
  { place: 'on the spot', isWaitedFor: false, begin: async () => {} },
  { place: 'in the pool', isWaitedFor: HAS_POOL, begin: beginCrowd },
]

interface Outcome {
  auth?: AuthInfo
  error?: unknown
  wasPromise: boolean
}

/** How one verification goes, and whether it was waited for. */
async function outcomeOf(verifier: AccessTokenVerifier, token: string): Promise<Outcome> {
  let wasPromise = false
  try {
    const answer = verifier.verify(token)
    wasPromise = answer instanceof Promise
    return { auth: await answer, wasPromise }
  } catch (error) {
    return { error, wasPromise }
  }
}

interface Row extends TokenPlan {
  description: string
  keys?: unknown[]
  options?: Partial<VerifierOptions>
  /** Why it is refused. */
  detail?: string
}

const good = sharedKey()
const stranger = renameKey(sharedKey('RS256', 'stranger'), { kid: good.kid })
const other = renameKey(sharedKey('RS256', 'other'), { kid: good.kid })

const ROWS: Row[] = [
  { description: 'a good one' },
  { description: 'one by the second key with its kid', keys: [stranger.jwk, good.jwk] },
  { description: 'one by the last of three keys with its kid', keys: [stranger.jwk, other.jwk, good.jwk] },
  {
    description: 'one by one of several keys that names none',
    keys: [stranger.jwk, good.jwk],
    header: { kid: undefined },
  },
  { description: 'one of somebody else', key: stranger, detail: 'signature' },
  { description: 'one by none of two keys', keys: [other.jwk, good.jwk], key: stranger, detail: 'signature' },
  { description: 'that of a token that is over', claims: { exp: NOW - 60 }, detail: 'expired' },
  { description: 'that of a token for others', claims: { aud: 'x' }, detail: 'audience' },
  { description: 'that of a token with a wrong claim', options: { claims: { sub: 'other' } }, detail: 'claim' },
]

for (const { place, isWaitedFor, begin } of PLACES) {
  describe(`a signature that is checked ${place}`, () => {
    async function verifyThere(fixture: ReturnType<typeof createFixture>, token: string): Promise<Outcome> {
      await fixture.verifier.ready()
      const crowd = begin()
      const outcome = await outcomeOf(fixture.verifier, token)
      await crowd
      expect(outcome.wasPromise).to.equal(isWaitedFor)
      return outcome
    }

    for (const { description, keys = [good.jwk], options = {}, detail, ...plan } of ROWS) {
      const verdict = detail === undefined ? 'is accepted' : 'is refused, and reported once'
      it(`${verdict}: ${description}`, async () => {
        const fixture = createFixture(options, keys)
        const token = mintToken({ ...plan, claims: { jti: `${place} ${description}`, ...plan.claims } })
        const { auth, error } = await verifyThere(fixture, token)
        const told = fixture.events.filter(({ type }) => type === 'token.refused')
        if (detail === undefined) {
          expect(auth).to.include({ token })
          expect(told).to.deep.equal([])
          return
        }
        expect(error).to.be.instanceOf(InvalidTokenError).and.include({ detail })
        expect(told).to.deep.equal([{ type: 'token.refused', code: detail, issuer: ISSUER, kid: good.kid, ageMs: 0 }])
      })
    }

    it('is kept when the token comes again', async () => {
      const fixture = createFixture()
      const token = mintToken({ claims: { jti: `${place} again` } })
      await verifyThere(fixture, token)
      const { auth } = await verifyThere(fixture, token)
      expect(fixture.verifier.verify(token)).to.equal(auth)
    })

    it('is not kept with a token that was refused', async () => {
      const fixture = createFixture()
      const token = mintToken({ claims: { jti: `${place} later`, nbf: NOW + 60 } })
      for (let use = 0; use < 3; use++) {
        expect((await verifyThere(fixture, token)).error).to.include({ detail: 'not_yet_valid' })
      }
      fixture.clock.advance(60_000)
      expect(await refusalOf(fixture.verifier, token)).to.equal(undefined)
    })

    it('waits for keys that have to be fetched, and is refused at once while they cannot be had', async () => {
      const fixture = createFixture()
      fixture.network.once(JWKS_URI, () => json({}, 500))
      const first = await outcomeOf(fixture.verifier, mintToken())
      expect(first.wasPromise).to.equal(true)
      expect(first.error).to.include({ status: 503 })
      const second = await outcomeOf(fixture.verifier, mintToken())
      expect(second.wasPromise).to.equal(false)
      expect(second.error).to.include({ status: 503 })
      fixture.clock.advance(1_000)
      const crowd = begin()
      const third = await outcomeOf(fixture.verifier, mintToken())
      await crowd
      expect(third.wasPromise).to.equal(true)
      expect(third.auth?.payload.iss).to.equal(ISSUER)
      expect(fixture.events.map(({ type }) => type)).to.deep.equal(['key_set_failed', 'key_set_loaded'])
    })
  })
}
