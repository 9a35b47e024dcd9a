import { expect } from 'chai'
import { createBatchQueue } from '../../../lib/authorization-server/log/batch-queue.js'

interface Entry {
  size: number
  number: number
}

const entry = (number: number, size = 1): Entry => ({ number, size })

/** A queue whose writes end when they are told to. */
function start() {
  const written: number[] = []
  const reports: { count: number; cause: unknown }[] = []
  const state = { inFlight: 0, most: 0, fails: false, held: undefined as Promise<void> | undefined }
  const failure = new Error('the store is down')
  const queue = createBatchQueue<Entry>({
    async write(batch) {
      state.most = Math.max(state.most, ++state.inFlight)
      await (state.held ?? Promise.resolve())
      state.inFlight--
      if (state.fails) throw failure
      written.push(...batch.map(({ number }) => number))
    },
    onDropped: (count, cause) => reports.push({ count, cause }),
  })
  const add = (from: number, to: number): void => {
    for (let number = from; number < to; number++) queue.add(entry(number))
  }
  return { queue, add, written, reports, state, failure }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

describe('the queue of the log', () => {
  it('writes everything, in order, one batch at a time', async () => {
    const { queue, add, written, reports, state } = start()
    add(0, 1_050)
    await Promise.all([queue.settled(), queue.settled()])
    expect(written).to.deep.equal(numbers(0, 1_050))
    expect(state.most).to.equal(1)
    expect([queue.length, queue.dropped, reports]).to.deep.equal([0, 0, []])
  })

  it('writes in the background by itself', async () => {
    const { queue, add, written } = start()
    add(0, 150)
    while (written.length < 150) await new Promise(resolve => setTimeout(resolve, 5))
    expect(queue.length).to.equal(0)
  })

  it('waits for what was there, and not for what comes later', async () => {
    const { queue, add, written, state } = start()
    let release: () => void = () => undefined
    state.held = new Promise(resolve => {
      release = resolve
    })
    add(0, 100)
    const settled = queue.settled()
    add(100, 300)
    release()
    await settled
    expect(written).to.deep.equal(numbers(0, 100))
    await queue.close()
    expect(written).to.deep.equal(numbers(0, 300))
  })

  it('keeps 10 000 entries, counts what comes beyond them, and says so once, when it has caught up', async () => {
    const { queue, add, written, reports } = start()
    add(0, 10_500)
    expect([queue.length, queue.dropped]).to.deep.equal([10_000, 500])
    expect(queue.add(entry(1))).to.equal(false)
    expect(reports).to.deep.equal([])
    await queue.settled()
    expect(written).to.deep.equal(numbers(0, 10_000))
    expect(reports).to.deep.equal([{ count: 501, cause: undefined }])
    add(0, 1)
    await queue.settled()
    expect(reports).to.have.length(1)
  })

  it('keeps 16 MB of entries', async () => {
    const { queue } = start()
    const mega = 1024 * 1024
    for (let i = 0; i < 16; i++) expect(queue.add(entry(i, mega))).to.equal(true)
    expect(queue.add(entry(16))).to.equal(false)
    await queue.settled()
    expect(queue.add(entry(17, 16 * mega))).to.equal(true)
    await queue.close()
  })

  it('drops what the store refuses, and says so once it takes something again', async () => {
    const { queue, add, written, reports, state, failure } = start()
    state.fails = true
    add(0, 450)
    await queue.settled()
    await queue.settled()
    expect([written, reports, queue.length, queue.dropped]).to.deep.equal([[], [], 50, 400])
    expect(queue.isFailing).to.equal(true)
    state.fails = false
    await queue.settled()
    expect(queue.isFailing).to.equal(false)
    expect(written).to.deep.equal(numbers(400, 450))
    expect(reports).to.deep.equal([{ count: 400, cause: failure }])
  })

  it('says so after 100 writes, where the store refuses each', async () => {
    const { queue, add, reports, state, failure } = start()
    state.fails = true
    for (let write = 0; write < 250; write++) {
      add(write, write + 1)
      await queue.settled()
    }
    expect(reports).to.deep.equal(Array(2).fill({ count: 100, cause: failure }))
    await queue.close()
    expect(reports.at(-1)).to.deep.equal({ count: 50, cause: failure })
  })

  it('says so after 100 writes, where entries come faster than they are written', async () => {
    const { queue, add, reports, state } = start()
    add(0, 10_100)
    let writes = 0
    Object.defineProperty(state, 'held', {
      async get() {
        // As many as have just been taken out of it, until it may catch up.
        if (++writes <= 120) add(0, 200)
      },
    })
    while (writes < 120) await queue.settled()
    expect(reports).to.deep.equal([{ count: 100, cause: undefined }])
    await queue.close()
  })

  it('close writes what waits, and takes nothing from then on', async () => {
    const { queue, add, written, reports } = start()
    add(0, 250)
    await queue.close()
    expect(written).to.deep.equal(numbers(0, 250))
    expect(queue.add(entry(1))).to.equal(false)
    await queue.close()
    expect(reports).to.deep.equal([{ count: 1, cause: undefined }])
  })

  it('close gives up at the first write that fails, and says what was lost', async () => {
    const { queue, add, written, reports, state, failure } = start()
    state.fails = true
    add(0, 1_000)
    await queue.close()
    expect([written, queue.length]).to.deep.equal([[], 0])
    expect(reports).to.deep.equal([{ count: 1_000, cause: failure }])
  })
})
