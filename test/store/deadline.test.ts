import { expect } from 'chai'
import { ConflictError, StoreUnavailableError } from '../../lib/errors.js'
import { and } from '../../lib/query/tree.js'
import { type Deadlines, ensureDeadlines, withDeadlines } from '../../lib/store/deadline.js'
import { createOutage } from '../../lib/store/outage.js'
import type { Collection, Store } from '../../lib/store/port.js'
import { THING_KIND, type Thing, thing } from './kinds.js'

type Answer = () => Promise<unknown>

const hang: Answer = () => new Promise(() => {})
const refuse: Answer = () => Promise.reject(new StoreUnavailableError('unreachable'))

const METHODS = ['insert', 'get', 'find', 'replace', 'remove', 'removeExpired'] as const

/** A store whose every call has the answer that is set. */
function engine() {
  const state: { answer: Answer; calls: string[] } = { answer: async () => null, calls: [] }
  const method = (name: string) => () => {
    state.calls.push(name)
    return state.answer()
  }
  const things = Object.fromEntries(METHODS.map(name => [name, method(name)])) as unknown as Collection<Thing>
  const store = {
    ...{ collection: async () => things, ping: method('ping'), close: method('close') },
  } as unknown as Store
  return { state, store }
}

const SHORT = { operation: 1, opening: 1 }
const LONG = { operation: 60_000, opening: 60_000 }
const isOutage = (error: unknown): boolean => error instanceof StoreUnavailableError

const CALLS: Record<string, (things: Collection<Thing>, store: Store) => Promise<unknown>> = {
  insert: things => things.insert(thing('a')),
  get: things => things.get('acme', 'a'),
  find: things => things.find('acme', { filter: and(), limit: 1 }),
  replace: things => things.replace(thing('a'), 1),
  remove: things => things.remove('acme', 'a', 1),
  removeExpired: things => things.removeExpired(),
  ping: (_things, store) => store.ping(),
}

async function opened(deadlines: Deadlines) {
  const { state, store } = engine()
  const bounded = withDeadlines(store, deadlines)
  return { state, bounded, things: await bounded.collection(THING_KIND) }
}

const failureOf = (running: Promise<unknown>): Promise<unknown> => running.catch((error: unknown) => error)

/** Asks until the outage is over. */
async function untilOver(ask: () => Promise<unknown>): Promise<void> {
  while ((await failureOf(ask())) instanceof StoreUnavailableError) await new Promise(resolve => setImmediate(resolve))
}

describe('the deadline of a store', () => {
  for (const [name, call] of Object.entries(CALLS)) {
    it(`${name} fails where there is no answer in time`, async () => {
      const { state, bounded, things } = await opened(SHORT)
      state.answer = hang
      expect(await failureOf(call(things, bounded)))
        .to.be.instanceOf(StoreUnavailableError)
        .with.property('message', 'the store did not answer in time')
    })

    it(`${name} gives what the engine answers, and what it fails with`, async () => {
      const { state, bounded, things } = await opened(LONG)
      const answer = {}
      state.answer = async () => answer
      expect(await call(things, bounded)).to.equal(answer)
      const conflict = new ConflictError(['id'])
      state.answer = () => Promise.reject(conflict)
      expect(await failureOf(call(things, bounded))).to.equal(conflict)
    })
  }

  it('is for the opening of a collection and for closing too', async () => {
    const { store } = engine()
    const bounded = withDeadlines({ ...store, collection: hang } as Store, SHORT)
    expect(await failureOf(bounded.collection(THING_KIND))).to.be.instanceOf(StoreUnavailableError)
    await bounded.close()
  })

  it('gives one collection for one kind', async () => {
    const { bounded, things } = await opened(LONG)
    expect(await bounded.collection(THING_KIND)).to.equal(things)
  })

  it('is given once: what has some stays as it is', () => {
    const bounded = withDeadlines(engine().store, SHORT)
    expect(ensureDeadlines(bounded)).to.equal(bounded)
    const { store } = engine()
    expect(ensureDeadlines(store)).not.to.equal(store)
    expect(ensureDeadlines(ensureDeadlines(store)))
      .to.be.an('object')
      .with.property('ping')
  })

  it('takes what is no promise', async () => {
    const { state, bounded, things } = await opened(LONG)
    state.answer = (() => null) as unknown as Answer
    expect(await things.get('acme', 'a')).to.equal(null)
    await bounded.ping()
    await bounded.close()
  })

  it('owns what comes too late', async () => {
    const { state, things } = await opened(SHORT)
    let fail = (_error: Error): void => {}
    state.answer = () => new Promise((_resolve, reject) => (fail = reject))
    expect(await failureOf(things.get('acme', 'a'))).to.be.instanceOf(StoreUnavailableError)
    // An unhandled rejection ends the tests.
    fail(new Error('late'))
  })
})

describe('an outage of a store', () => {
  for (const { description, answer, deadlines } of [
    { description: 'was not answered in time', answer: hang, deadlines: SHORT },
    { description: 'found nobody', answer: refuse, deadlines: LONG },
  ]) {
    it(`begins with the first call that ${description}: others are refused without being made`, async () => {
      const { state, bounded, things } = await opened({ ...deadlines, isOutage })
      state.answer = answer
      await failureOf(things.get('acme', 'a'))
      state.calls = []
      for (const call of Object.values(CALLS)) {
        expect(await failureOf(call(things, bounded))).to.be.instanceOf(StoreUnavailableError)
      }
      for (const name of METHODS) expect(state.calls).not.to.include(name)
      state.answer = async () => null
      await bounded.close()
    })

    it(`that ${description} is over once the engine answers, without a call of anybody's`, async () => {
      const { state, bounded, things } = await opened({ ...deadlines, isOutage })
      state.answer = answer
      await failureOf(things.get('acme', 'a'))
      state.answer = async () => null
      await untilOver(() => things.get('acme', 'a'))
      expect(state.calls).to.include('ping')
      await bounded.close()
    })
  }

  it('is not begun by what is refused for itself, nor by a sweep that takes long', async () => {
    const { state, bounded, things } = await opened({ ...SHORT, isOutage })
    state.answer = () => Promise.reject(new ConflictError(['id']))
    await failureOf(things.insert(thing('a')))
    state.answer = hang
    await failureOf(things.removeExpired())
    state.answer = async () => null
    expect(await things.get('acme', 'a')).to.equal(null)
    await bounded.close()
  })

  it('is of no concern to an engine that names none: each call is made', async () => {
    const { state, things } = await opened(SHORT)
    state.answer = hang
    await failureOf(things.insert(thing('a')))
    state.answer = async () => null
    expect(await things.get('acme', 'a')).to.equal(null)
  })

  it('asks the engine no more once it is stopped', async () => {
    const counts = { stopped: 0, other: 0 }
    const outageOf = (name: keyof typeof counts) =>
      createOutage(() => Promise.reject(new Error(`${++counts[name]}`)), 0)
    const [stopped, other] = [outageOf('stopped'), outageOf('other')]
    for (const outage of [stopped, other]) outage.begin()
    stopped.stop()
    const before = counts.stopped
    while (counts.other < 5) await new Promise(resolve => setTimeout(resolve))
    expect(counts.stopped).to.equal(before)
    other.stop()
  })
})
