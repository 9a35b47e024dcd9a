import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { createLimit, type Excess, type Limit } from '../../../lib/authorization-server/limits/limit.js'
import { createSharedCounts } from '../../../lib/authorization-server/limits/shared-counts.js'
import type { CountedWindow, Counters } from '../../../lib/store/port.js'
import { type SetClock, setClock } from '../../support/set-clock.js'

/** Counters whose answers the test gives. */
class SlowCounters implements Counters {
  readonly asked: { by: number; length: number; settle(answer: CountedWindow | Error): Promise<void> }[] = []
  total = 0
  /** Answers at once; false: when the test says so. */
  isPrompt = true

  increment(_key: string, by: number, length: number): Promise<CountedWindow> {
    this.total += by
    const answer = { count: this.total, endsIn: length * 1000 }
    return new Promise((resolve, reject) => {
      const settle = async (given: CountedWindow | Error): Promise<void> => {
        if (given instanceof Error) reject(given)
        else resolve(given)
        await turn()
      }
      this.asked.push({ by, length, settle })
      if (this.isPrompt) void settle(answer)
    })
  }
}

describe('shared counts', () => {
  let clock: SetClock
  let counters: SlowCounters
  /** The deadlines that are running. */
  let deadlines: Map<() => void, number>
  const lapse = async (): Promise<void> => {
    for (const run of deadlines.keys()) run()
    deadlines.clear()
    await turn()
  }

  beforeEach(() => {
    clock = setClock()
    counters = new SlowCounters()
    deadlines = new Map()
  })

  function open(limit: number): Limit {
    const after = (milliseconds: number, run: () => void): (() => void) => {
      deadlines.set(run, milliseconds)
      return () => deadlines.delete(run)
    }
    return createLimit('x', { limit, window: 60 }, { clock, shared: createSharedCounts({ counters, clock, after }) })
  }

  const isPromise = (outcome: unknown): boolean => outcome instanceof Promise
  const secondsOf = (excess: Excess | undefined): number | undefined => excess?.seconds

  for (const { limit, step } of [
    { limit: 1, step: 1 },
    { limit: 199, step: 1 },
    { limit: 200, step: 2 },
    { limit: 6_000, step: 60 },
  ]) {
    it(`of a limit of ${limit} are told ${step} at a time${step === 1 ? ', and waited for' : ', which nobody waits for'}`, async () => {
      const take = open(limit)
      const outcomes = Array.from({ length: step }, () => take('a'))
      expect(counters.asked.map(({ by, length }) => ({ by, length }))).to.deep.equal([{ by: step, length: 60 }])
      expect(outcomes.some(isPromise)).to.equal(step === 1)
      expect((await Promise.all(outcomes)).every(outcome => outcome === undefined)).to.equal(true)
      expect(deadlines.size).to.equal(0)
    })
  }

  it('refuse by what others have counted, and until their window ends', async () => {
    const take = open(10)
    counters.isPrompt = false
    const first = take('a')
    await counters.asked[0]?.settle({ count: 11, endsIn: 7_000 })
    expect(secondsOf(await first)).to.equal(7)
    clock.advance(6_999)
    expect(secondsOf(await take('a'))).to.equal(1)
    expect(counters.asked).to.have.length(1)
    clock.advance(1)
    const next = take('a')
    expect(counters.asked).to.have.length(2)
    await counters.asked[1]?.settle({ count: 1, endsIn: 60_000 })
    expect(await next).to.equal(undefined)
  })

  it('of a large limit refuse from the answer on', async () => {
    const take = open(6_000)
    counters.total = 6_000
    for (let i = 0; i < 60; i++) expect(take('a')).to.equal(undefined)
    await turn()
    expect(secondsOf(await take('a'))).to.equal(60)
  })

  it('keep no window longer than it is long, whatever the clock was that began it', async () => {
    const take = open(10)
    counters.isPrompt = false
    const first = take('a')
    await counters.asked[0]?.settle({ count: 11, endsIn: 3_600_000 })
    expect(secondsOf(await first)).to.equal(60)
  })

  it('tell requests at once from each other: as many are served as the limit says', async () => {
    const take = open(3)
    counters.total = 1
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => take('a')))
    expect(outcomes.filter(outcome => outcome === undefined)).to.have.length(2)
  })

  const faults = [
    { description: 'do not answer', fault: async () => lapse() },
    {
      description: 'fail',
      fault: async () => {
        for (const { settle } of counters.asked) await settle(new Error('down'))
      },
    },
  ]
  for (const { description, fault } of faults) {
    it(`that ${description} let requests through, count them here, and are left alone for a second`, async () => {
      counters.isPrompt = false
      const take = open(5)
      const first = take('a')
      expect([...deadlines.values()]).to.deep.equal([250])
      await fault()
      expect(await first).to.equal(undefined)
      // Nobody waits, and nobody asks.
      for (let i = 0; i < 4; i++) expect(take('a')).to.equal(undefined)
      expect(secondsOf(await take('a'))).to.equal(60)
      expect(counters.asked).to.have.length(1)
      clock.advance(999)
      expect(take('b')).to.equal(undefined)
      expect(counters.asked).to.have.length(1)
      clock.advance(1)
      // One tries, and does not wait for it either; the next ones do not try.
      expect(take('b')).to.equal(undefined)
      expect(take('b')).to.equal(undefined)
      expect(counters.asked).to.have.length(2)
      await counters.asked[1]?.settle({ count: 2, endsIn: 60_000 })
      const after = take('b')
      expect(isPromise(after)).to.equal(true)
      await counters.asked[2]?.settle({ count: 4, endsIn: 60_000 })
      expect(await after).to.equal(undefined)
    })
  }

  it('are told again what they could not be told', async () => {
    counters.isPrompt = false
    const take = open(10)
    const first = take('a')
    await counters.asked[0]?.settle(new Error('down'))
    await first
    clock.advance(1_000)
    expect(take('a')).to.equal(undefined)
    expect(counters.asked.map(({ by }) => by)).to.deep.equal([1, 2])
  })

  it('that answer late are not waited for by the next one', async () => {
    counters.isPrompt = false
    const take = open(10)
    const first = take('a')
    await lapse()
    await counters.asked[0]?.settle({ count: 1, endsIn: 60_000 })
    await first
    expect(take('a')).to.equal(undefined)
    expect(counters.asked).to.have.length(1)
  })

  it('are asked 100 questions at once; who comes then is counted here', async () => {
    counters.isPrompt = false
    const take = open(10)
    const outcomes = Array.from({ length: 101 }, (_, key) => take(`${key}`))
    expect(counters.asked).to.have.length(100)
    expect(outcomes.map(isPromise).indexOf(false)).to.equal(100)
    await lapse()
    expect((await Promise.all(outcomes)).every(outcome => outcome === undefined)).to.equal(true)
  })
})

describe('a limit', () => {
  it('remembers 20 000 windows, and forgets the one that was used least lately', async () => {
    const clock = setClock()
    const take = createLimit('x', { limit: 1, window: 60 }, { clock })
    take('first')
    for (let i = 0; i < 19_999; i++) take(`${i}`)
    expect(await take('first')).to.include({ seconds: 60, isFirst: true })
    take('one more')
    expect(await take('first')).to.include({ isFirst: false })
    expect(take('0')).to.equal(undefined)
  })
})
