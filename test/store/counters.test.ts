import { expect } from 'chai'
import mongoose from 'mongoose'
import { StoreUnavailableError } from '../../lib/errors.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { mongoStore } from '../../lib/store/mongo/index.js'
import type { Counters, Store } from '../../lib/store/port.js'
import { type SetClock, setClock } from '../support/set-clock.js'
import { mongoDatabase, requireMongo } from '../support/stores.js'

const MINUTE = 60_000

it('the embedded store has no counters: one process alone uses it', async () => {
  const store: Store = embeddedStore(':memory:')
  expect(store.counters).to.equal(undefined)
  await store.close()
})

describe("MongoDB's counters", () => {
  let uri: string
  let clock: SetClock
  let store: Store
  let counters: Counters

  before(async function prepare() {
    await requireMongo(this)
  })
  beforeEach(async () => {
    uri = await mongoDatabase()
    clock = setClock()
    await open(mongoStore(uri, { operationTimeout: 30_000 }))
  })
  afterEach(() => store.close())

  async function open(opened: Store): Promise<void> {
    store = opened
    counters = (await opened.counters?.(clock)) as Counters
  }
  const read = async <T>(look: (db: NonNullable<mongoose.Connection['db']>) => Promise<T>): Promise<T> => {
    const connection = await mongoose.createConnection(uri).asPromise()
    try {
      return await look(connection.db as NonNullable<mongoose.Connection['db']>)
    } finally {
      await connection.close()
    }
  }
  const increment = (key: string, by = 1) => counters.increment(key, by, 60)

  it('count by key, in windows that go by the clock, whatever time the machine has', async () => {
    expect(await increment('a', 2)).to.include({ count: 2 })
    expect(await increment('b')).to.include({ count: 1 })
    clock.advance(MINUTE - 1)
    expect(await increment('a', 3)).to.include({ count: 5 })
    clock.advance(1)
    const { count, endsIn } = await increment('a')
    expect(count).to.equal(1)
    expect(endsIn).to.be.within(MINUTE - 1_000, MINUTE + 1_000)
  })

  it('lose none of 50 at once, at the beginning of a window neither', async () => {
    for (let window = 0; window < 3; window++) {
      await Promise.all(Array.from({ length: 50 }, () => increment('a')))
      expect(await increment('a')).to.include({ count: 51 })
      clock.advance(MINUTE)
    }
  })

  it('begin and end windows to the millisecond of the clock', async () => {
    for (let round = 0; round < 50; round++) {
      await increment('a')
      clock.advance(MINUTE - 1)
      expect(await increment('a')).to.include({ count: 2 })
      clock.advance(1)
    }
  })

  it('stand in one collection, which MongoDB clears of what has ended', async () => {
    await increment('a')
    const indexes = await read(db => db.collection('scopegate_limits').indexes())
    const own = indexes.filter(({ name }) => name !== '_id_')
    expect(own.map(({ key, unique, expireAfterSeconds }) => ({ key, unique, expireAfterSeconds }))).to.deep.equal([
      { key: { expire: -1 }, unique: undefined, expireAfterSeconds: 0 },
      { key: { key: 1 }, unique: true, expireAfterSeconds: undefined },
    ])
    const [kept] = await read(db => db.collection('scopegate_limits').find().toArray())
    expect(kept?.['expire']).to.be.instanceOf(Date)
    expect(Number(kept?.['expire'])).to.equal(clock.now() + MINUTE)
  })

  it("work on a connection of the host's, under the prefix, which stays open", async () => {
    const connection = await mongoose.createConnection(uri).asPromise()
    await increment('a')
    const other = mongoStore(connection, { prefix: 'own_', operationTimeout: 30_000 })
    const own = (await other.counters?.(clock)) as Counters
    expect(await own.increment('a', 1, 60)).to.include({ count: 1 })
    await other.close()
    expect(connection.readyState).to.equal(1)
    await connection.close()
  })

  it('of two stores on one database are the same', async () => {
    const other = mongoStore(uri, { operationTimeout: 30_000 })
    const theirs = (await other.counters?.(clock)) as Counters
    await increment('a')
    expect(await theirs.increment('a', 1, 60)).to.include({ count: 2 })
    await other.close()
  })

  it('of a store that is closed are unavailable', async () => {
    await store.close()
    for (const asking of [increment('a'), store.counters?.(clock)]) {
      expect(await asking?.catch((error: unknown) => error)).to.be.instanceOf(StoreUnavailableError)
    }
  })
})
