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

  it('keeps so many at most, and the newest of them', () => {
    const store = createMemoryReplays(setClock(0), 100)
    for (let i = 0; i < 1_000; i++) expect(store.add(`${i}`, 1_000)).to.equal(true)
    for (let i = 950; i < 1_000; i++) expect(store.add(`${i}`, 1_000)).to.equal(false)
    expect(store.add('0', 1_000)).to.equal(true)
  })
})
