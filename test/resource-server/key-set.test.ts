import { expect } from 'chai'
import { readKeys } from '../../lib/resource-server/keys/jwk.js'
import { createVerifier } from '../../lib/resource-server/token/verify-access-token.js'
import { beginCrowd, HAS_POOL, occupyPool } from '../support/busy-pool.js'
import { createKey, renameKey, sharedKey } from '../support/keys.js'
import { AUDIENCE, encode, ISSUER, mintToken } from '../support/mint-token.js'
import { json, plannedFetch } from '../support/planned-fetch.js'
import { setClock } from '../support/set-clock.js'
import { createFixture, expectUnavailable, JWKS_URI, refusalOf, settle, TIMES } from './fixture.js'

const SECOND = 1_000
const MINUTE = 60_000
const first = sharedKey('RS256', 'first')
const second = sharedKey('RS256', 'second')

/** Answers as told when it is told. */
function hold(network: ReturnType<typeof plannedFetch>, answer: () => Response): () => void {
  const waiting: (() => void)[] = []
  network.always(JWKS_URI, () => new Promise(resolve => waiting.push(() => resolve(answer()))))
  return () => {
    for (const release of waiting.splice(0)) release()
  }
}

/** Every way a key set can be unobtainable. */
const OUTAGES: Readonly<Record<string, () => Response | Promise<Response>>> = {
  'the connection is refused': () => {
    throw new TypeError('fetch failed')
  },
  'the answer is 500': () => json({ keys: [] }, 500),
  'the answer is 404': () => json({ keys: [] }, 404),
  'the answer is 204': () => new Response(null, { status: 204 }),
  'the answer redirects': () => new Response(null, { status: 302, headers: { location: 'https://elsewhere.test' } }),
  'the answer is HTML': () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }),
  'the answer is a list': () => json([first.jwk]),
  'the answer has no keys': () => json({}),
  'the keys are no list': () => json({ keys: first.jwk }),
  'the answer is null': () => json(null),
  'nothing is answered': () => new Promise(() => undefined),
  'the body never ends': () => new Response(new ReadableStream({ start: body => body.enqueue(new Uint8Array([123])) })),
  'the body breaks off': () => new Response(new ReadableStream({ pull: body => body.error(new Error('reset')) })),
  'the body is huge': () =>
    new Response(new ReadableStream({ pull: body => body.enqueue(new Uint8Array(262_144).fill(32)) })),
}

describe('key-set', () => {
  describe('cold', () => {
    it('asks once under fifty requests', async () => {
      const { verifier, network } = createFixture()
      await Promise.all(Array.from({ length: 50 }, () => verifier.verify(mintToken())))
      expect(network.calls).to.deep.equal([JWKS_URI])
    })

    it('asks once under fifty requests with invented kids', async () => {
      const { verifier, network } = createFixture()
      const tokens = Array.from({ length: 50 }, (_, at) => mintToken({ header: { kid: `invented-${at}` } }))
      const refusals = await Promise.all(tokens.map(token => refusalOf(verifier, token)))
      expect(new Set(refusals)).to.deep.equal(new Set(['key']))
      expect(network.calls).to.have.length(1)
    })

    it('asks nothing when it is built, and once for ready()', async () => {
      const { verifier, network } = createFixture()
      expect(network.calls).to.have.length(0)
      await verifier.ready()
      await verifier.ready()
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      expect(network.calls).to.have.length(1)
    })

    it('takes an empty set for an answer', async () => {
      const { verifier, network } = createFixture({}, [])
      expect(await refusalOf(verifier, mintToken())).to.equal('key')
      expect(await refusalOf(verifier, mintToken({ header: { kid: undefined } }))).to.equal('key')
      expect(network.calls).to.have.length(1)
    })

    for (const [outage, answer] of Object.entries(OUTAGES)) {
      it(`is 503 where ${outage}, then recovers after one back-off`, async () => {
        const { verifier, network, clock, events } = createFixture({ keySet: { ...TIMES, timeoutDuration: 20 } })
        network.always(JWKS_URI, answer)
        await Promise.all(Array.from({ length: 100 }, () => expectUnavailable(verifier, mintToken())))
        expect(network.calls).to.have.length(1)
        for (let at = 0; at < 100; at++) {
          clock.advance(9)
          await expectUnavailable(verifier, mintToken())
        }
        expect(network.calls.length).to.be.at.most(2)
        expect(events[0]?.type).to.equal('key_set_failed')
        network.always(JWKS_URI, () => json({ keys: [sharedKey().jwk] }))
        clock.advance(2 * SECOND)
        expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      })
    }

    it('backs off for a second at most after the first failure, and says so', async () => {
      const { verifier, network, clock } = createFixture()
      network.once(JWKS_URI, () => json({}, 503))
      expect(await expectUnavailable(verifier, mintToken())).to.equal(1)
      clock.advance(SECOND)
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
    })

    it('never backs off for more than ten seconds', async () => {
      const { verifier, network, clock } = createFixture()
      network.always(JWKS_URI, () => json({}, 500))
      for (let attempt = 0; attempt < 20; attempt++) {
        expect(await expectUnavailable(verifier, mintToken())).to.be.at.most(10)
        clock.advance(10 * SECOND)
      }
      expect(network.calls).to.have.length(20)
    })

    it('rejects ready() where the keys cannot be had', async () => {
      const { verifier, network } = createFixture()
      network.always(JWKS_URI, () => json({}, 500))
      const error = await verifier.ready().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).to.include({ status: 503, code: 'ERR_TEMPORARILY_UNAVAILABLE' })
    })

    it('does not let an answer count that comes after the deadline', async () => {
      const { verifier, network, clock } = createFixture({ keySet: { ...TIMES, timeoutDuration: 20 } })
      let answerLate: (response: Response) => void = () => undefined
      network.once(JWKS_URI, () => new Promise(resolve => (answerLate = resolve)))
      await expectUnavailable(verifier, mintToken({ key: first }))
      network.always(JWKS_URI, () => json({ keys: [second.jwk] }))
      clock.advance(SECOND)
      expect(await refusalOf(verifier, mintToken({ key: second }))).to.equal(undefined)
      answerLate(json({ keys: [first.jwk] }))
      await settle()
      expect(await refusalOf(verifier, mintToken({ key: second }))).to.equal(undefined)
      expect(await refusalOf(verifier, mintToken({ key: first }))).to.equal('key')
    })
  })

  describe('warm', () => {
    for (const [outage, answer] of Object.entries(OUTAGES)) {
      it(`goes on with the last good set where ${outage}, until that is too old`, async () => {
        const { verifier, network, clock, events } = createFixture({ keySet: { ...TIMES, timeoutDuration: 20 } })
        await verifier.ready()
        network.always(JWKS_URI, answer)
        for (let minutes = 5; minutes < 60; minutes += 5) {
          clock.advance(5 * MINUTE)
          expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
        }
        clock.advance(5 * MINUTE - 1)
        expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
        clock.advance(1)
        await expectUnavailable(verifier, mintToken())
        expect(events.filter(({ type }) => type === 'key_set_stale')).to.have.length(1)
      })
    }

    it('fetches anew in the background, so that no request waits', async () => {
      const { verifier, network, clock } = createFixture()
      await verifier.ready()
      const release = hold(network, () => json({ keys: [sharedKey().jwk] }))
      for (let minute = 0; minute < 60; minute++) {
        clock.advance(MINUTE)
        expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
        release()
        await settle()
      }
      expect(network.calls.length).to.be.within(6, 9)
    })

    it('waits for new keys where nobody came for longer than the set lives', async () => {
      const { verifier, published, clock } = createFixture({}, [first.jwk])
      await verifier.ready()
      published.keys = [second.jwk]
      clock.advance(TIMES.cacheMaxAge)
      expect(await refusalOf(verifier, mintToken({ key: first }))).to.equal('key')
    })

    it('keeps nobody waiting in an outage that was noticed', async () => {
      const { verifier, network, clock } = createFixture()
      await verifier.ready()
      network.always(JWKS_URI, () => json({}, 500))
      clock.advance(TIMES.cacheMaxAge)
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      const release = hold(network, () => json({}, 500))
      for (let at = 0; at < 20; at++) {
        clock.advance(10 * SECOND)
        expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
        release()
        await settle()
      }
    })

    it('forgets a key that left the set, also for tokens it knows', async () => {
      const { verifier, published, clock } = createFixture({}, [first.jwk, second.jwk])
      const token = mintToken({ key: first })
      for (let use = 0; use < 4; use++) expect(await refusalOf(verifier, token)).to.equal(undefined)
      published.keys = [second.jwk]
      clock.advance(TIMES.cacheMaxAge * 0.9)
      expect(await refusalOf(verifier, token)).to.equal(undefined)
      await settle()
      expect(await refusalOf(verifier, token)).to.equal('key')
      expect(await refusalOf(verifier, mintToken({ key: second }))).to.equal(undefined)
    })

    it('forgets what a kid verified when it stands for another key', async () => {
      const { verifier, published, clock } = createFixture({}, [first.jwk])
      const token = mintToken({ key: first })
      for (let use = 0; use < 4; use++) expect(await refusalOf(verifier, token)).to.equal(undefined)
      const successor = renameKey(second, { kid: 'first' })
      published.keys = [successor.jwk]
      clock.advance(TIMES.cacheMaxAge)
      expect(await refusalOf(verifier, token)).to.equal('signature')
      expect(await refusalOf(verifier, mintToken({ key: successor }))).to.equal(undefined)
    })

    it('forgets a key that leaves the set while a signature by it is being checked', async () => {
      const { verifier, published, clock } = createFixture({}, [first.jwk, second.jwk])
      await verifier.ready()
      const pool = occupyPool()
      const crowd = beginCrowd()
      const caught = refusalOf(verifier, mintToken({ key: first }))
      published.keys = [second.jwk]
      clock.advance(TIMES.cacheMaxAge)
      await Promise.race([verifier.ready(), pool.then(() => expect.fail('the machine is too slow for this test'))])
      // With one core it was checked before the key left.
      expect(await caught).to.equal(HAS_POOL ? 'key' : undefined)
      await crowd
    })

    it('empties itself where the issuer publishes an empty set', async () => {
      const { verifier, published, clock } = createFixture()
      await verifier.ready()
      published.keys = []
      clock.advance(TIMES.cacheMaxAge)
      expect(await refusalOf(verifier, mintToken())).to.equal('key')
    })
  })

  const DAY = 1_440 * MINUTE
  const jumps: { description: string; moves: number[] }[] = [
    { description: 'set back by an hour', moves: [-60 * MINUTE] },
    { description: 'set back by a day', moves: [-DAY] },
    { description: 'set back, and corrected', moves: [-60 * MINUTE, 60 * MINUTE] },
    { description: 'a day ahead', moves: [DAY] },
    { description: 'a day ahead, and corrected', moves: [DAY, -DAY] },
    { description: 'a day ahead for ten minutes, and corrected', moves: [DAY, 5 * MINUTE, 5 * MINUTE, -DAY] },
    { description: 'back and forth', moves: [-60 * MINUTE, DAY, -DAY, -60 * MINUTE] },
  ]
  for (const { description, moves } of jumps) {
    describe(`on a clock that is ${description}`, () => {
      const timeless = { iat: undefined, exp: 4_000_000_000 }
      const tokenOf = (key: typeof first) => mintToken({ key, claims: timeless })

      /** A verifier that is in use while its clock moves. */
      async function moved(network?: (moving: ReturnType<typeof createFixture>) => void, options = {}) {
        const fixture = createFixture(options, [first.jwk])
        await fixture.verifier.ready()
        network?.(fixture)
        for (const move of [0, ...moves]) {
          fixture.clock.advance(move)
          await refusalOf(fixture.verifier, tokenOf(first)).catch(() => undefined)
          await settle()
        }
        return fixture
      }

      it('keeps no set for longer than it lives, and fetches none before', async () => {
        const { verifier, network, published, clock } = await moved()
        await verifier.ready()
        const before = network.calls.length
        for (let use = 0; use < 20; use++) expect(await refusalOf(verifier, tokenOf(first))).to.equal(undefined)
        expect(network.calls).to.have.length(before)
        published.keys = [second.jwk]
        clock.advance(TIMES.cacheMaxAge)
        expect(await refusalOf(verifier, tokenOf(first))).to.equal('key')
        expect(await refusalOf(verifier, tokenOf(second))).to.equal(undefined)
        expect(network.calls).to.have.length(before + 1)
      })

      it('forgets what it verified when the key is gone', async () => {
        const { verifier, published, clock } = createFixture({}, [first.jwk])
        const token = tokenOf(first)
        for (let use = 0; use < 4; use++) expect(await refusalOf(verifier, token)).to.equal(undefined)
        for (const move of moves) {
          clock.advance(move)
          expect(await refusalOf(verifier, token)).to.equal(undefined)
          await settle()
        }
        published.keys = [second.jwk]
        clock.advance(TIMES.cacheMaxAge)
        expect(await refusalOf(verifier, token)).to.equal('key')
      })

      it('accepts a new key within a window, and asks once in it', async () => {
        const { verifier, network, published, clock } = await moved()
        const junk = mintToken({ header: { kid: 'invented' }, claims: timeless })
        await refusalOf(verifier, junk)
        published.keys = [first.jwk, second.jwk]
        const before = network.calls.length
        for (let use = 0; use < 20; use++) expect(await refusalOf(verifier, junk)).to.equal('key')
        expect(network.calls.length - before).to.be.at.most(1)
        clock.advance(TIMES.cooldownDuration)
        expect(await refusalOf(verifier, tokenOf(second))).to.equal(undefined)
        expect(network.calls.length - before).to.be.at.most(2)
      })

      it('comes back from an outage within ten seconds', async () => {
        const { verifier, network, clock } = await moved(({ network }) => {
          network.always(JWKS_URI, () => json({}, 500))
        })
        await refusalOf(verifier, mintToken({ key: second, claims: timeless })).catch(() => undefined)
        network.always(JWKS_URI, () => json({ keys: [first.jwk, second.jwk] }))
        clock.advance(10 * SECOND)
        expect(await refusalOf(verifier, tokenOf(second))).to.equal(undefined)
      })

      it('tries no more often in an outage than else', async () => {
        const { verifier, network, clock } = await moved(({ network }) => {
          network.always(JWKS_URI, () => json({}, 500))
        })
        const before = network.calls.length
        for (let second = 0; second < 100; second++) {
          clock.advance(SECOND)
          await refusalOf(verifier, mintToken({ header: { kid: 'invented' }, claims: timeless })).catch(() => undefined)
        }
        expect(network.calls.length - before).to.be.within(5, 30)
      })

      it('goes on in an outage until the set is too old, and no longer', async () => {
        const { verifier, network, clock } = await moved()
        network.always(JWKS_URI, () => json({}, 500))
        await verifier.ready()
        const token = tokenOf(first)
        for (let minute = 0; minute < 49; minute++) {
          clock.advance(MINUTE)
          expect(await refusalOf(verifier, token)).to.equal(undefined)
        }
        clock.advance(11 * MINUTE)
        await expectUnavailable(verifier, token)
      })

      it('counts the time before for the stale bound, and tells of no negative one', async () => {
        const { verifier, network, clock, events } = createFixture({}, [first.jwk])
        await verifier.ready()
        network.always(JWKS_URI, () => json({}, 500))
        const token = tokenOf(first)
        for (let minute = 0; minute < 59; minute++) {
          clock.advance(MINUTE)
          expect(await refusalOf(verifier, token)).to.equal(undefined)
          await settle()
        }
        for (const move of moves.filter(step => step < 0).slice(0, 1)) {
          clock.advance(move)
          expect(await refusalOf(verifier, token)).to.equal(undefined)
          await refusalOf(verifier, mintToken({ header: { kid: 'invented' }, claims: timeless })).catch(() => undefined)
          await settle()
        }
        clock.advance(MINUTE)
        await expectUnavailable(verifier, token)
        const times = events.flatMap(({ type, ...event }) =>
          Object.values(event).filter(value => typeof value === 'number'),
        )
        expect(times.filter(time => time < 0)).to.deep.equal([])
      })

      it('counts the time before for the life of a set', async () => {
        const { verifier, published, clock } = createFixture({}, [first.jwk])
        await verifier.ready()
        const token = tokenOf(first)
        for (const move of [TIMES.cacheMaxAge * 0.7, ...moves]) {
          clock.advance(move)
          expect(await refusalOf(verifier, token)).to.equal(undefined)
          await settle()
        }
        await verifier.ready()
        published.keys = [second.jwk]
        clock.advance(TIMES.cacheMaxAge * 0.3)
        await refusalOf(verifier, token)
        await settle()
        // A jump ahead had it fetched again in between; else it is over by now.
        const isAhead = moves.some(move => move > 0)
        expect(await refusalOf(verifier, token)).to.equal(isAhead ? undefined : 'key')
      })

      it('reads the metadata once a day still', async () => {
        const uri = `${ISSUER}/.well-known/oauth-authorization-server`
        const { verifier, network, clock } = createFixture({ issuer: ISSUER }, [first.jwk])
        network.always(uri, () => json({ issuer: ISSUER, jwks_uri: JWKS_URI }))
        for (const move of [0, ...moves]) {
          clock.advance(move)
          await verifier.ready()
        }
        const read = () => network.calls.filter(call => call === uri).length
        const before = read()
        for (let hour = 0; hour < 20; hour++) {
          clock.advance(60 * MINUTE)
          await verifier.ready()
        }
        expect(read() - before).to.be.at.most(1)
      })

      it('exports the age that the set has', async () => {
        const { verifier, clock } = await moved()
        await verifier.ready()
        const [{ fetchedAt: before = 0 } = {}] = verifier.exportKeys()
        clock.advance(MINUTE)
        const [{ fetchedAt = 0 } = {}] = verifier.exportKeys()
        expect(fetchedAt).to.equal(before)
        expect(clock.now() - fetchedAt).to.be.within(MINUTE, MINUTE + TIMES.cacheMaxAge)
      })
    })
  }

  describe('unknown kid', () => {
    it('causes at most one fetch in a window, under five thousand', async () => {
      const { verifier, network, clock } = createFixture()
      await verifier.ready()
      const invented = Array.from({ length: 5_000 }, (_, at) => unsigned(`invented-${at}`))
      for (let window = 0; window < 3; window++) {
        clock.advance(TIMES.cooldownDuration)
        const before = network.calls.length
        for (const token of invented) expect(await refusalOf(verifier, token)).to.equal('key')
        expect(network.calls.length - before).to.equal(1)
      }
    })

    it('does not keep a new key out for longer than a window', async () => {
      const { verifier, published, clock } = createFixture({}, [first.jwk])
      await verifier.ready()
      published.keys = [first.jwk, second.jwk]
      clock.advance(TIMES.cooldownDuration)
      const junk = mintToken({ header: { kid: 'invented' } })
      const [, fresh] = await Promise.all([refusalOf(verifier, junk), refusalOf(verifier, mintToken({ key: second }))])
      expect(fresh).to.equal(undefined)
    })

    it('never keeps a known kid waiting', async () => {
      const { verifier, network, clock } = createFixture()
      await verifier.ready()
      clock.advance(TIMES.cooldownDuration)
      const release = hold(network, () => json({ keys: [sharedKey().jwk] }))
      const junk = refusalOf(verifier, mintToken({ header: { kid: 'invented' } }))
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      expect(network.calls).to.have.length(2)
      release()
      expect(await junk).to.equal('key')
    })

    it('is 503 while the last attempt failed, and decided when one succeeds', async () => {
      const { verifier, network, published, clock } = createFixture({}, [first.jwk])
      await verifier.ready()
      clock.advance(TIMES.cooldownDuration)
      network.once(JWKS_URI, () => json({}, 500))
      const token = mintToken({ key: second })
      await expectUnavailable(verifier, token)
      await expectUnavailable(verifier, token)
      expect(await refusalOf(verifier, mintToken({ key: first }))).to.equal(undefined)
      published.keys = [first.jwk, second.jwk]
      clock.advance(SECOND)
      expect(await refusalOf(verifier, token)).to.equal(undefined)
      expect(await refusalOf(verifier, mintToken({ header: { kid: 'invented' } }))).to.equal('key')
    })
  })

  describe('dirty sets', () => {
    const good = sharedKey()
    const { n: _n, ...withoutModulus } = good.jwk
    const odd: Readonly<Record<string, unknown>> = {
      null: null,
      'a number': 7,
      'a text': 'key',
      'a list': [good.jwk],
      'no members': {},
      'a symmetric key': { kty: 'oct', k: 'c2VjcmV0', kid: good.kid, alg: 'HS256' },
      'a type of another world': { kty: 'LMS', kid: good.kid },
      'kty __proto__': { ...good.jwk, kty: '__proto__' },
      'kty constructor': { ...good.jwk, kty: 'constructor' },
      'an elliptic sibling': sharedKey('ES256', good.kid).jwk,
      'an Edwards sibling': sharedKey('EdDSA', good.kid).jwk,
      'a key for encryption': { ...first.jwk, kid: good.kid, use: 'enc' },
      'a key that only signs': { ...first.jwk, kid: good.kid, key_ops: ['sign'] },
      'key_ops of a wrong type': { ...first.jwk, kid: good.kid, key_ops: 'verify' },
      'a numeric kid': { ...first.jwk, kid: 1 },
      'an alg of a wrong type': { ...first.jwk, kid: good.kid, alg: ['RS256'] },
      'an alg of key encryption': { ...first.jwk, kid: good.kid, alg: 'RSA-OAEP' },
      'a certificate alone': { kty: 'RSA', kid: good.kid, x5c: ['MIIB'] },
      'no modulus': withoutModulus,
      'a corrupt modulus': { ...good.jwk, n: '!!!' },
      'an empty modulus': { ...good.jwk, n: '' },
      'a small modulus': createKey('RS256', good.kid, 1024).jwk,
      'an exponent of one': { ...first.jwk, kid: good.kid, e: 'AQ' },
      'an exponent as long as its modulus': { ...first.jwk, kid: good.kid, e: first.jwk['n'] },
      'a modulus behind many zeros': {
        ...first.jwk,
        kid: good.kid,
        n: `${'A'.repeat(400_000)}${first.jwk['n']}`,
      },
      'a kid without end': { ...first.jwk, kid: 'x'.repeat(400_000) },
      'a private key': { ...first.privateKey.export({ format: 'jwk' }), kid: good.kid },
      'a point that is not on the curve': { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: good.kid },
      'the kid __proto__': { ...first.jwk, kid: '__proto__' },
      'another key with the same kid': { ...first.jwk, kid: good.kid },
    }
    for (const [description, entry] of Object.entries(odd)) {
      it(`are used in spite of ${description}`, async () => {
        const { verifier } = createFixture({ algorithms: ['RS256', 'ES256', 'EdDSA'] }, [entry, good.jwk, entry])
        expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
        expect(await refusalOf(verifier, mintToken({ header: { kid: undefined } }))).to.equal(undefined)
      })
    }

    const useless = ['a key for encryption', 'a key that only signs', 'an alg of key encryption', 'a private key']
    for (const description of useless) {
      it(`never verify with ${description}`, async () => {
        const { verifier } = createFixture({}, [odd[description]])
        expect(await refusalOf(verifier, mintToken({ key: renameKey(first, { kid: good.kid }) }))).to.equal('key')
      })
    }

    it('never verify with a small modulus or an exponent of one', async () => {
      const small = createKey('RS256', 'small', 1024)
      const { verifier } = createFixture({}, [small.jwk, { ...first.jwk, e: 'AQ' }])
      expect(await refusalOf(verifier, mintToken({ key: small }))).to.equal('key')
      expect(await refusalOf(verifier, mintToken({ key: first }))).to.equal('key')
    })

    const exponents: { exponent: bigint; isWeak: boolean }[] = [
      { exponent: 0n, isWeak: true },
      { exponent: 1n, isWeak: true },
      { exponent: 3n, isWeak: false },
      { exponent: 4n, isWeak: true },
      { exponent: 65_537n, isWeak: false },
      { exponent: 2n ** 32n - 1n, isWeak: false },
      { exponent: 2n ** 32n + 1n, isWeak: true },
      { exponent: 2n ** 33n - 1n, isWeak: true },
      { exponent: 2n ** 64n - 1n, isWeak: true },
      { exponent: 2n ** 2_047n + 1n, isWeak: true },
    ]
    for (const { exponent, isWeak } of exponents) {
      it(`${isWeak ? 'never verify' : 'may verify'} with an exponent of ${exponent.toString(2).length} bits: ${String(exponent).slice(-9)}`, () => {
        const digits = exponent.toString(16)
        const e = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString('base64url')
        const skipped: string[] = []
        const keys = readKeys([{ ...first.jwk, e }], code => skipped.push(code))
        expect(keys).to.have.length(isWeak ? 0 : 1)
        expect(skipped).to.deep.equal(isWeak ? ['weak'] : [])
      })
    }

    it('may write null for what they leave out', async () => {
      const { verifier } = createFixture({}, [{ ...good.jwk, alg: null, use: null, key_ops: null }])
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
    })

    it('try a handful of keys for a token without kid, not all', async () => {
      const many = Array.from({ length: 9 }, (_, at) => ({ ...first.jwk, kid: `copy-${at}` }))
      const { verifier } = createFixture({}, [...many, good.jwk])
      expect(await refusalOf(verifier, mintToken({ header: { kid: undefined } }))).to.equal('signature')
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
    })
  })

  describe('several issuers', () => {
    const OTHER = 'https://other.test'
    function several() {
      const network = plannedFetch()
      const clock = setClock()
      network.always(JWKS_URI, () => json({ keys: [first.jwk] }))
      network.always(`${OTHER}/jwks`, () => json({ keys: [second.jwk] }))
      const issuer = [ISSUER, OTHER].map(name => ({ issuer: name, jwksUri: `${name}/jwks` }))
      return { network, clock, verifier: createVerifier({ issuer, audience: AUDIENCE, clock, fetch: network.fetch }) }
    }

    it('have each its own keys', async () => {
      const { verifier } = several()
      const rows = [
        { iss: ISSUER, key: first, refusal: undefined },
        { iss: OTHER, key: second, refusal: undefined },
        { iss: ISSUER, key: second, refusal: 'key' },
        { iss: OTHER, key: first, refusal: 'key' },
        { iss: ISSUER, key: renameKey(second, { kid: 'first' }), refusal: 'signature' },
      ]
      for (const { iss, key, refusal } of rows) {
        expect(await refusalOf(verifier, mintToken({ key, claims: { iss } }))).to.equal(refusal)
      }
    })

    it('are not touched by the outage of one', async () => {
      const { verifier, network } = several()
      network.always(JWKS_URI, () => new Promise(() => undefined))
      const waiting = Promise.resolve(verifier.verify(mintToken({ key: first })))
      waiting.catch(() => undefined)
      expect(await refusalOf(verifier, mintToken({ key: second, claims: { iss: OTHER } }))).to.equal(undefined)
      expect(network.calls).to.deep.equal([JWKS_URI, `${OTHER}/jwks`])
    })
  })

  describe('sharing', () => {
    it('gives a thousand guards one key set, whatever their listeners', async () => {
      const network = plannedFetch()
      const clock = setClock()
      network.always(JWKS_URI, () => json({ keys: [first.jwk] }))
      const loaded: number[] = []
      const verifiers = Array.from({ length: 1_000 }, (_, at) =>
        createVerifier({
          issuer: { issuer: ISSUER, jwksUri: JWKS_URI },
          audience: AUDIENCE,
          clock,
          fetch: network.fetch,
          onEvent: ({ type }) => void (type === 'key_set_loaded' && loaded.push(at)),
        }),
      )
      const token = mintToken({ key: first })
      await Promise.all(verifiers.map(verifier => verifier.verify(token)))
      expect(network.calls).to.have.length(1)
      expect(loaded).to.have.length(1_000)
    })

    it('keeps key sets apart that differ in place, times, fetch or clock', async () => {
      const one = createFixture()
      const two = createFixture({ clock: one.clock })
      await one.verifier.ready()
      await two.verifier.ready()
      expect([one, two].map(({ network }) => network.calls.length)).to.deep.equal([1, 1])
    })
  })

  describe('seed', () => {
    it('starts warm from exported keys, which age from their fetch', async () => {
      const origin = createFixture()
      await origin.verifier.ready()
      const seed = JSON.parse(JSON.stringify(origin.verifier.exportKeys()))
      const { verifier, network, clock } = createFixture({ keySet: { seed } })
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      expect(network.calls).to.have.length(0)
      clock.advance(TIMES.cacheMaxAge)
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      expect(network.calls).to.have.length(1)
    })

    it('holds of each usable key what it verifies with, and nothing else of the answer', async () => {
      const { jwk } = sharedKey()
      const entries = [{ ...jwk, x5c: ['x'.repeat(100_000)] }, { kty: 'oct', k: 'AA' }, 'x'.repeat(100_000), first.jwk]
      const { verifier } = createFixture({}, entries)
      await verifier.ready()
      const [exported] = verifier.exportKeys()
      const expected = [jwk, first.jwk].map(({ kty, n, e, kid, alg }) => ({ kty, n, e, kid, alg }))
      expect(exported?.jwks.keys).to.deep.equal(expected)
    })

    it('is no help when it is too old', async () => {
      const origin = createFixture()
      await origin.verifier.ready()
      const seed = origin.verifier.exportKeys().map(entry => ({ ...entry, fetchedAt: entry.fetchedAt - 61 * MINUTE }))
      const { verifier, network } = createFixture({ keySet: { seed } })
      network.always(JWKS_URI, () => json({}, 500))
      await expectUnavailable(verifier, mintToken())
    })

    it('may be a plain JWKS', async () => {
      const { verifier, network } = createFixture({ keySet: { seed: { keys: [sharedKey().jwk] } } })
      expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      expect(network.calls).to.have.length(0)
    })

    it('exports nothing before anything was fetched', () => {
      expect(createFixture().verifier.exportKeys()).to.deep.equal([])
    })
  })
})

/** A token nobody signed, under an invented kid. */
function unsigned(kid: string): string {
  const [, payload = '', signature = ''] = mintedOnce.split('.')
  return `${encode(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid }))}.${payload}.${signature}`
}

const mintedOnce = mintToken()
