import { expect } from 'chai'
import mongoose, { type Connection } from 'mongoose'
import { StoreUnavailableError } from '../../lib/errors.js'
import { mongoStore } from '../../lib/store/mongo/index.js'
import type { Collection, Store } from '../../lib/store/port.js'
import { FAULTS, ReplicaSet } from '../support/replica-set/replica-set.js'
import { mongoDatabase } from '../support/stores.js'
import { THING_KIND, type Thing, thing } from './kinds.js'

/** How long an operation may take, in milliseconds: time enough for one, and short for whoever waits for the end of it. */
const SHORT = 300
const LONG = 30_000

/** The four ways to write, and what each one writes. */
const WRITES: Record<string, (things: Collection<Thing>) => Promise<unknown>> = {
  insert: things => things.insert(thing('inserted')),
  insertMany: things => things.insertMany([thing('one'), thing('other')]),
  replace: things => things.replace(thing('replaced', { note: 'new' }), 1),
  remove: things => things.remove('acme', 'removed'),
}
const BEFORE = ['removed', 'replaced']

async function contents(things: Collection<Thing>): Promise<string[]> {
  const { records } = await things.find('acme', { limit: 99 })
  return records.map(({ id, note = '', revision }) => `${id} ${note} ${revision}`).sort()
}

describe('MongoDB store on a replica set', () => {
  let set: ReplicaSet
  let store: Store
  let connection: Connection | undefined
  let things: Collection<Thing>

  before(function prepare() {
    return ReplicaSet.require(this)
  })
  afterEach(async () => {
    await store.close()
    await connection?.close()
    set.close()
    connection = undefined
  })

  async function open(operationTimeout: number, { isShared = false, isAwaitable = true } = {}): Promise<void> {
    set = await ReplicaSet.start(await mongoDatabase(), isAwaitable)
    const timeouts = { serverSelectionTimeoutMS: operationTimeout, waitQueueTimeoutMS: operationTimeout }
    if (isShared) connection = await mongoose.createConnection(set.uri, timeouts).asPromise()
    const patient = mongoStore(set.uri, { operationTimeout: LONG })
    for (const id of BEFORE) await (await patient.collection(THING_KIND)).insert(thing(id))
    await patient.close()
    store = mongoStore(connection ?? set.uri, { operationTimeout })
    things = await store.collection(THING_KIND)
    await eventually(() => contents(things))
  }

  /** Asks until it is answered, so often at most. */
  async function eventually<R>(ask: () => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || attempt === 5_000) throw error
        await new Promise(resolve => setTimeout(resolve))
      }
    }
  }

  const startAll = () => Promise.allSettled(Object.values(WRITES).map(write => write(things)))

  async function expectUnavailable(writes: ReturnType<typeof startAll>): Promise<void> {
    for (const settled of await writes) {
      expect(settled).to.have.property('reason').that.is.instanceOf(StoreUnavailableError)
    }
  }

  for (const isShared of [false, true]) {
    describe(isShared ? "by the host's connection" : 'by a connection of its own', () => {
      it('acknowledges no write that no majority has', async () => {
        await open(SHORT, { isShared })
        set.primary.isolate(true)
        await expectUnavailable(startAll())
      })

      it('makes each write once whose primary steps down meanwhile', async () => {
        await open(LONG, { isShared })
        set.primary.isolate()
        const writing = startAll()
        await set.primary.holds(Object.keys(WRITES).length)
        set.primary.stepDown()
        set.elect()
        const values = (await writing).map(settled => (settled.status === 'fulfilled' ? settled.value : settled))
        expect(values).to.deep.include.members([2, true])
        expect(values[0]).to.include({ id: 'inserted', revision: 1 })
        expect(values[2]).to.include({ id: 'replaced', revision: 2 })
        expect(await contents(things)).to.deep.equal(['inserted  1', 'one  1', 'other  1', 'replaced new 2'])
        expect(set.writes.repeats).to.equal(2)
      })

      it('makes no write any more that it has given up, also when the old primary answers at last', async () => {
        await open(SHORT, { isShared })
        const old = set.primary
        old.hang()
        await expectUnavailable(startAll())
        set.elect()
        const found = await eventually(() => contents(things))
        await old.rejoin()
        for (let round = 0; round < 20; round++) expect(await eventually(() => contents(things))).to.deep.equal(found)
        expect(found).to.deep.equal(BEFORE.map(id => `${id}  1`))
      })

      for (const [fault, { isLosing, begin }] of Object.entries(FAULTS)) {
        it(`goes on with the next primary after one that ${fault}`, () => survive({ isShared }, isLosing, begin))
      }
    })
  }

  // A primary that answers says by itself that it is none any more: of these two only asking tells.
  for (const fault of ['is cut off', 'hangs'] as const) {
    it(`goes on after one that ${fault}, where the members are asked at intervals`, () =>
      survive({ isAwaitable: false }, FAULTS[fault].isLosing, FAULTS[fault].begin))
  }

  async function survive(
    kind: { isShared?: boolean; isAwaitable?: boolean },
    isLosing: boolean,
    begin: (old: typeof set.primary) => void,
  ): Promise<void> {
    await open(SHORT, kind)
    const old = set.primary
    old.isolate(isLosing)
    begin(old)
    const settled = await things.insert(thing('meanwhile')).catch((error: unknown) => error)
    set.elect()
    // One that was given up may have been made.
    let attempts = 0
    const { id } = await eventually(() => things.insert(thing(`after-${++attempts}`)))
    const found = await eventually(() => contents(things))
    expect(found).to.include(`${id}  1`)
    if (!(settled instanceof StoreUnavailableError)) expect(found).to.include('meanwhile  1')
    await old.rejoin()
    await eventually(() => things.remove('acme', id))
    expect(await eventually(() => things.get('acme', id))).to.equal(null)
    await eventually(() => store.ping())
  }
})
