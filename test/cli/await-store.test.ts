import { expect } from 'chai'
import { awaitStore } from '../../lib/cli/serve/await-store.js'
import { StoreUnavailableError } from '../../lib/errors.js'

type Ping = () => Promise<void>

const hang: Ping = () => new Promise(() => {})
const refuse: Ping = () => Promise.reject(new StoreUnavailableError('nobody answers'))
const answer: Ping = async () => {}

/** Waits for a store that answers like this, one after the other, and then always as the last. */
async function wait(startTimeout: number, answers: readonly Ping[], signal?: AbortSignal) {
  const seen = { pings: 0, warnings: 0 }
  const ping: Ping = () => (answers[seen.pings++] ?? answers.at(-1) ?? hang)()
  const log = { warn: () => void seen.warnings++ }
  const outcome = await awaitStore({ ping }, { startTimeout, log, signal }).catch((error: unknown) => error)
  return { ...seen, outcome }
}

describe('waiting for the store at the start', () => {
  it('ends in time though the store never says anything', async () => {
    const { outcome, pings } = await wait(0.05, [hang])
    expect(outcome).to.be.instanceOf(StoreUnavailableError).with.property('message', 'the store did not answer in time')
    expect(pings).to.equal(1)
  })

  it('ends in time though a later attempt hangs', async () => {
    const { outcome, pings, warnings } = await wait(0.4, [refuse, hang])
    expect(outcome).to.be.instanceOf(StoreUnavailableError)
    expect({ pings, warnings }).to.deep.equal({ pings: 2, warnings: 1 })
  })

  it('begins no attempt for which there is no time', async () => {
    const { outcome, pings, warnings } = await wait(0.1, [refuse, answer])
    expect(outcome).to.be.instanceOf(StoreUnavailableError).with.property('message', 'nobody answers')
    expect({ pings, warnings }).to.deep.equal({ pings: 1, warnings: 0 })
  })

  it('asks once where it is not to wait, for as long as the store itself takes', async () => {
    const slow: Ping = () => new Promise(resolve => setTimeout(resolve, 20))
    expect(await wait(0, [slow])).to.deep.equal({ pings: 1, warnings: 0, outcome: undefined })
    expect(await wait(0, [refuse, answer])).to.deep.include({ pings: 1, warnings: 0 })
  })

  it('asks until it answers, and says once that it waits', async () => {
    expect(await wait(30, [refuse, refuse, answer])).to.deep.equal({ pings: 3, warnings: 1, outcome: undefined })
  })

  it('throws at once what is no outage', async () => {
    const fault = new TypeError('a fault of ours')
    expect(await wait(30, [() => Promise.reject(fault)])).to.deep.equal({ pings: 1, warnings: 0, outcome: fault })
  })

  it('stops by a signal', async () => {
    const reason = new Error('stopped')
    expect(await wait(30, [refuse], AbortSignal.abort(reason))).to.deep.include({ pings: 0, outcome: reason })
  })
})
