import { expect } from 'chai'
import { mongoStore } from '../../../lib/store/mongo/index.js'
import type { RateLimits } from '../../../lib/authorization-server/index.js'
import { memoryStore } from '../memory-store.js'
import { seedKeys } from '../../support/seeded-keys.js'
import { mongoDatabase, requireMongo } from '../../support/stores.js'
import { addApi, addClient, GOOD, postToken, startServer, testClock, type TestServer } from '../fixtures.js'

const WRONG = { ...GOOD, client_secret: 'wrong' }

describe('two servers on one MongoDB', () => {
  let uri: string
  const running: TestServer[] = []

  before(async function prepare() {
    await requireMongo(this)
  })
  beforeEach(async () => {
    uri = await mongoDatabase()
  })
  afterEach(async () => {
    for (const { server } of running.splice(0)) await server.close()
  })

  async function startBoth(rateLimits: RateLimits): Promise<[TestServer, TestServer]> {
    const clock = testClock()
    const open = async (seed: boolean): Promise<TestServer> => {
      const store = mongoStore(uri, { clock, operationTimeout: 30_000 })
      const test = await startServer({ store: seed ? await seedKeys(store) : store, clock, rateLimits })
      running.push(test)
      return { ...test, clock }
    }
    const both = [await open(true), await open(false)] as [TestServer, TestServer]
    await addApi(both[0])
    await addClient(both[0])
    return both
  }

  const statuses = async (servers: TestServer[], form: typeof GOOD): Promise<number[]> => {
    const got = []
    for (const { app } of servers) got.push((await postToken(app, form)).status)
    return got
  }

  it('share the count of failures, of an address and of a client', async () => {
    const limit = { limit: 3, window: 60 }
    const [one, two] = await startBoth({ clientAuthentication: { address: { limit: 5, window: 60 }, client: limit } })
    expect(await statuses([one, two, one, two, one], WRONG)).to.deep.equal([401, 401, 401, 429, 429])
    expect(await statuses([two, one], { ...WRONG, client_id: 'nobody' })).to.deep.equal([429, 429])
    expect(await statuses([one, two], GOOD)).to.deep.equal([200, 200])
    one.clock.time += 60_000
    expect(await statuses([two], WRONG)).to.deep.equal([401])
  })

  it('share the count of a client’s requests, exactly where the limit is small', async () => {
    const [one, two] = await startBoth({ token: { limit: 5, window: 60 } })
    expect(await statuses([one, two, two, one, one, two, one], GOOD)).to.deep.equal([200, 200, 200, 200, 200, 429, 429])
    one.clock.time += 60_000
    expect(await statuses([one, two], GOOD)).to.deep.equal([200, 200])
  })

  it('share it to a hundredth where it is large', async () => {
    const [one, two] = await startBoth({ token: { limit: 400, window: 60 } })
    let served = 0
    for (let round = 0; round < 300; round++) {
      const got = await Promise.all([statuses([one], GOOD), statuses([two], GOOD)])
      served += got.flat().filter(status => status === 200).length
    }
    expect(served).to.be.within(400, 440)
  }).timeout(120_000)
})

describe('a store whose counters hang', () => {
  it('holds up nobody but who has asked at first, and no limit is lost', async () => {
    const store = Object.assign(await seedKeys(memoryStore()), {
      counters: async () => ({ increment: () => new Promise<never>(() => {}) }),
    })
    const test = await startServer({ store, rateLimits: { token: { limit: 3, window: 60 } } })
    await addApi(test)
    await addClient(test)
    expect(
      (await Promise.all([1, 2, 3].map(() => postToken(test.app, GOOD)))).map(({ status }) => status),
    ).to.deep.equal([...[200, 200, 200]])
    await postToken(test.app, GOOD).expect(429)
    await test.server.close()
  })
})
