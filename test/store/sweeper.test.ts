import { expect } from 'chai'
import type { Collection } from '../../lib/store/port.js'
import { createSweeper } from '../../lib/store/sweeper.js'
import { SIGN_IN_KIND, type SignInRecord } from '../../lib/store/user-records.js'
import { describeStores } from '../support/stores.js'

const START = Date.parse('2026-01-01T00:00:00Z')

function signIn(id: string, lifetime: number): SignInRecord {
  const times = { createdAt: new Date(START), updatedAt: new Date(START), expires_at: new Date(START + lifetime) }
  const flow = { nonce: 'n', code_verifier: 'v', return_to: '/', browser: 'b' }
  return { id, account: 'default', revision: 1, ...times, ...flow }
}

describeStores('the sweeper', engine => {
  it('removes what has expired, however much it is, and nothing else', async () => {
    const clock = { time: START, now: () => clock.time }
    const store = await engine.open(clock)
    const records = await store.collection(SIGN_IN_KIND)
    for (let i = 0; i < 250; i++) await records.insert(signIn(`old-${i}`, 1_000))
    await records.insert(signIn('young', 60_000))
    const sweeper = createSweeper([records])
    clock.time += 1_000
    await sweeper.run()
    // By a clock that is set back, what was not removed would be there again.
    clock.time = START
    const { records: left } = await records.find('default', { limit: 200 })
    expect(left.map(({ id }) => id)).to.deep.equal(['young'])
    await store.close()
  })
})

describe('the sweeper', () => {
  type Sweepable = Pick<Collection<SignInRecord>, 'removeExpired'>

  it('goes on with the next kind where one cannot be swept, and in the next round', async () => {
    const swept: string[] = []
    const broken: Sweepable = {
      async removeExpired() {
        swept.push('broken')
        throw new Error('down')
      },
    }
    const good: Sweepable = { removeExpired: async () => swept.push('good') }
    const sweeper = createSweeper([broken, good])
    await Promise.all([sweeper.run(), sweeper.run()])
    expect(swept).to.deep.equal(['broken', 'good', 'broken', 'good'])
  })

  it('is stopped when nothing is being removed any more, and stays so', async () => {
    const swept: string[] = []
    let finish: () => void = () => {}
    const slow: Sweepable = {
      removeExpired: () =>
        new Promise(resolve => {
          finish = () => {
            swept.push('slow')
            resolve(1)
          }
        }),
    }
    const sweeper = createSweeper([slow, { removeExpired: async () => swept.push('next') }], 1)
    const running = sweeper.run()
    await Promise.resolve()
    const stopped = sweeper.stop()
    finish()
    await Promise.all([running, stopped])
    expect(swept).to.deep.equal(['slow'])
    sweeper.start()
    await sweeper.run()
    expect(swept).to.deep.equal(['slow'])
  })

  it('runs by itself, again and again', async () => {
    let rounds = 0
    await new Promise<void>(resolve => {
      const sweeper = createSweeper(
        [
          {
            async removeExpired() {
              if (++rounds === 3) {
                resolve()
                void sweeper.stop()
              }
              return 0
            },
          },
        ],
        1,
      )
      sweeper.start()
    })
    expect(rounds).to.equal(3)
  })
})
