import { expect } from 'chai'
import request from 'supertest'
import { StoreUnavailableError } from '../../lib/errors.js'
import { withDeadlines } from '../../lib/store/deadline.js'
import { addApi, addClient, basic, CLIENT_ID, GOOD, postToken, SECRET, seededStore, startServer } from './fixtures.js'
import type { MemoryStore } from './memory-store.js'

/** A server on a store that has deadlines, as the engines have, and what is cached while all is well. */
async function start() {
  const store: MemoryStore = await seededStore()
  const isOutage = (error: unknown): boolean => error instanceof StoreUnavailableError
  const bounded = withDeadlines(store, { operation: 20, opening: 60_000, isOutage })
  const test = await startServer({ store: bounded })
  await addApi(test)
  await addClient(test)
  await postToken(test.app, GOOD).expect(200)
  return { ...test, store, stop: () => bounded.close().catch(() => undefined) }
}

type Test = Awaited<ReturnType<typeof start>>

const PUBLIC = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]

describe('a server whose store is away', () => {
  let test: Test
  beforeEach(async () => {
    test = await start()
  })
  afterEach(() => test.stop())

  async function expectUnavailable(asked: request.Test): Promise<void> {
    const { status, headers } = await asked
    expect(status).to.equal(503)
    expect(headers['retry-after']).to.match(/^[1-9]\d*$/)
  }

  for (const { description, fail } of [
    { description: 'is down', fail: (store: MemoryStore) => void Object.assign(store, { down: true }) },
    { description: 'hangs', fail: (store: MemoryStore) => void Object.assign(store, { hangs: true }) },
  ]) {
    it(`issues tokens for 15 seconds while it ${description}, from what is cached, then answers 503`, async () => {
      const { app, clock, store } = test
      fail(store)
      for (const [pause, status] of [
        [0, 200],
        [15_000, 200],
        [1, 503],
        [3_600_000, 503],
      ] as const) {
        clock.time += pause
        const answer = await postToken(app, GOOD)
        expect(answer.status, `${pause} ms later`).to.equal(status)
        if (status === 503) expect(answer.headers['retry-after']).to.match(/^[1-9]\d*$/)
      }
    })

    it(`publishes keys and metadata on while it ${description}, and opens no account again`, async () => {
      const { app, clock, store, events, server } = test
      await server.context.secretUses.settled()
      fail(store)
      const { length } = events
      const lookUps = store.calls.get('apis.find')
      for (const pause of [0, 31_000, 86_400_000]) {
        clock.time += pause
        for (const path of PUBLIC) await request(app).get(path).expect(200)
      }
      expect(store.calls.get('apis.find')).to.equal(lookUps)
      expect(events.slice(length)).to.deep.equal([])
    })

    it(`asks it once in a request while it ${description}, however much is needed`, async () => {
      const { app, clock, store } = test
      clock.time += 15_001
      fail(store)
      await expectUnavailable(postToken(app, GOOD))
      store.calls.clear()
      await expectUnavailable(postToken(app, GOOD))
      await expectUnavailable(
        request(app)
          .post('/oauth/introspect')
          .set('Authorization', basic(CLIENT_ID, SECRET))
          .type('form')
          .send({ token: 'x' }),
      )
      expect([...store.calls]).to.deep.equal([])
      expect(await test.server.health().catch((error: unknown) => error)).to.be.instanceOf(StoreUnavailableError)
    })

    it(`does everything again once it no longer ${description}`, async () => {
      const { app, clock, store } = test
      clock.time += 15_001
      fail(store)
      await expectUnavailable(postToken(app, GOOD))
      Object.assign(store, { down: false, hangs: false })
      while ((await postToken(app, GOOD)).status !== 200) await new Promise(resolve => setImmediate(resolve))
      await test.server.health()
    })
  }

  it('is no reason to refuse a token whose use of a secret cannot be noted', async () => {
    const { app, clock, store, events } = test
    await test.server.context.secretUses.settled()
    const uses = await store.collection({ name: 'secret_uses' } as never)
    uses.get = () => Promise.reject(new TypeError('a fault'))
    // A use is noted once a minute.
    clock.time += 60_000
    await postToken(app, GOOD).expect(200)
    await test.server.context.secretUses.settled()
    expect(events.map(event => (event as { type: string }).type)).to.include('secret_use.not_recorded')
  })

  it('keeps nobody waiting at the end: close() ends while it hangs', async () => {
    const { app, clock, store, server } = test
    clock.time += 60_000
    store.hangs = true
    await postToken(app, GOOD)
    await server.close()
  })
})

describe("a server on a store of the host's own, which never answers again", () => {
  it('answers 503, and ends', async () => {
    const store = await seededStore()
    const test = await startServer({ store })
    await addApi(test)
    await addClient(test)
    store.hangs = true
    const asked = postToken(test.app, GOOD).then(({ status }) => status)
    test.server.context.secretUses.note('default', CLIENT_ID, 'sec_1')
    await test.server.close()
    expect(await asked).to.equal(503)
  })

  it('ends where the store does not close', async () => {
    const store = await seededStore()
    const { server } = await startServer({ store: { ...store, close: () => new Promise(() => {}) } })
    expect(await server.close().catch((error: unknown) => error)).to.be.instanceOf(StoreUnavailableError)
  })
})
