import { expect } from 'chai'
import { forwardClock } from '../lib/clock.js'
import { setClock } from './support/set-clock.js'

const START = Date.UTC(2026, 0, 31, 12)
const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('a forward clock', () => {
  /** How the machine's clock moves, and how much time has passed by the forward one after each move. */
  const rows: { description: string; moves: number[]; passed: number[] }[] = [
    { description: 'goes as the given one does', moves: [1, 0, 5_000, DAY], passed: [1, 1, 5_001, DAY + 5_001] },
    { description: 'stands where that one is set back', moves: [10, -HOUR], passed: [10, 10] },
    { description: 'goes on from there', moves: [10, -HOUR, 5, 7], passed: [10, 10, 15, 22] },
    {
      description: 'is not held up by a day ahead that is corrected',
      moves: [DAY, -DAY, 5],
      passed: [DAY, DAY, DAY + 5],
    },
    {
      description: 'adds up what is set back again and again',
      moves: [-HOUR, 1, -HOUR, 1, -1, 1],
      passed: [0, 1, 1, 2, 2, 3],
    },
    { description: 'takes a correction forward for time', moves: [-HOUR, HOUR], passed: [0, HOUR] },
  ]
  for (const { description, moves, passed } of rows) {
    it(description, () => {
      const clock = setClock(START)
      const forward = forwardClock(clock)
      expect(forward.now()).to.equal(START)
      const seen = moves.map(move => {
        clock.advance(move)
        return forward.now() - START
      })
      expect(seen).to.deep.equal(passed)
    })
  }

  it('never goes back, whatever the given one does', () => {
    const clock = setClock(START)
    const forward = forwardClock(clock)
    let before = forward.now()
    for (let step = 0; step < 1_000; step++) {
      clock.advance(Math.sin(step * step) * DAY)
      const now = forward.now()
      expect(now).to.be.at.least(before)
      before = now
    }
  })

  it('says the same of a time that was read already', () => {
    const clock = setClock(START)
    const forward = forwardClock(clock)
    forward.now()
    clock.advance(-HOUR)
    expect(forward.at(clock.now())).to.equal(START)
    clock.advance(5)
    expect(forward.at(clock.now())).to.equal(START + 5)
    expect(forward.now()).to.equal(START + 5)
  })

  it('is of its own: another one of the same clock begins where that clock is', () => {
    const clock = setClock(START)
    const one = forwardClock(clock)
    one.now()
    clock.advance(-HOUR)
    expect(one.now()).to.equal(START)
    expect(forwardClock(clock).now()).to.equal(START - HOUR)
  })
})
