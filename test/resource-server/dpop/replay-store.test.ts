import { expect } from 'chai'
import { createMemoryReplays } from '../../../lib/resource-server/dpop/replay-store.js'
import { setClock } from '../../support/set-clock.js'

describe('replay store', () => {
  it('knows an id until its time is over', () => {
    const clock = setClock(0)
    const store = createMemoryReplays(clock)
    expect(store.add('a', 1_000)).to.equal(true)
    clock.advance(999)
    expect(store.add('a', 1_000)).to.equal(false)
    clock.advance(1)
    expect(store.add('a', 2_000)).to.equal(true)
    expect(store.add('a', 2_000)).to.equal(false)
  })

  /** A proof is good for five minutes by the clock of the moment. */
  const LIFE = 300_000
  const HOUR = 3_600_000

  const clocks: { description: string; moves: number[] }[] = [
    { description: 'set back', moves: [-HOUR, HOUR] },
    { description: 'set back while others come', moves: [-HOUR, LIFE, LIFE, LIFE, HOUR - 3 * LIFE] },
    { description: 'a day ahead and corrected', moves: [24 * HOUR, -24 * HOUR] },
    { description: 'a day ahead for a minute, and corrected', moves: [24 * HOUR, 60_000, -24 * HOUR] },
    { description: 'ahead again and again', moves: Array.from({ length: 40 }, (_, at) => (at % 2 ? -HOUR : HOUR)) },
  ]
  for (const { description, moves } of clocks) {
    it(`knows a proof that is good again where the clock is ${description}`, () => {
      const clock = setClock(HOUR)
      const store = createMemoryReplays(clock)
      const expiresAt = clock.now() + LIFE
      expect(store.add('used', expiresAt)).to.equal(true)
      moves.forEach((move, at) => {
        clock.advance(move)
        for (let other = 0; other < 10; other++) store.add(`${at} ${other}`, clock.now() + LIFE)
      })
      expect(clock.now()).to.be.below(expiresAt)
      expect(store.add('used', expiresAt)).to.equal(false)
    })
  }

  it('goes on where the clock is set back for good: what is over is new, what is not is known', () => {
    const clock = setClock(HOUR)
    const seen: string[] = []
    const store = createMemoryReplays(clock, 2_000)
    const use = (name: string, seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1_000)
        seen.push(`${name} ${second}`)
        expect(store.add(`${name} ${second}`, clock.now() + LIFE)).to.equal(true)
      }
    }
    use('before', 1_000)
    clock.advance(-HOUR / 2)
    use('behind', 1_000)
    clock.advance(-24 * HOUR)
    use('long behind', 1_900)
    // What is forgotten is taken for new: the store is full of what came since, and of nothing else.
    expect(store.add('before 999', clock.now() + LIFE)).to.equal(true)
    for (let at = 0; at < 1_900; at++)
      expect(store.add(`long behind ${at}`, Number.MAX_SAFE_INTEGER)).to.equal(at < 1_600)
  })

  it('keeps so many at most, and the newest of them', () => {
    const store = createMemoryReplays(setClock(0), 100)
    for (let i = 0; i < 1_000; i++) expect(store.add(`${i}`, 1_000)).to.equal(true)
    for (let i = 950; i < 1_000; i++) expect(store.add(`${i}`, 1_000)).to.equal(false)
    expect(store.add('0', 1_000)).to.equal(true)
  })
})
