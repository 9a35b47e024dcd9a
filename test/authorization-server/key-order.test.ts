import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import request from 'supertest'
import type { AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import { KEY_RING_KIND } from '../../lib/store/records.js'
import {
  addApi,
  addClient,
  AUDIENCE,
  CLIENT_ID,
  decode,
  GOOD,
  ISSUER,
  postToken,
  ringOf,
  seededStore,
  startServer,
  type TestClock,
  type TestServer,
  testClock,
} from './fixtures.js'
import type { MemoryStore } from './memory-store.js'

type Key = AuthorizationServerOptions['encryptionKey']

const A = randomBytes(32)
const B = randomBytes(32)
const READ_A = { keys: A, encrypt: false }
const READ_B = { keys: B, encrypt: false }

/** Processes on one store, by the order in which they are named. */
class Fleet {
  /** @param encryptionKey of the first process, which made the signing key */
  static async create(encryptionKey?: Key): Promise<Fleet> {
    return new Fleet(await seededStore(encryptionKey))
  }

  readonly store: MemoryStore
  readonly clock: TestClock = testClock()
  readonly #processes = new Map<string, TestServer>()

  private constructor(store: MemoryStore) {
    this.store = store
  }

  /** Starts a process, in the place of the one that had its name. */
  async start(name: string, encryptionKey: Key, more: Partial<AuthorizationServerOptions> = {}): Promise<TestServer> {
    const { store, clock } = this
    const key = encryptionKey === undefined ? {} : { encryptionKey }
    const isFirst = this.#processes.size === 0
    const test = await startServer({ store, clock, ...key, ...more })
    this.#processes.set(name, test)
    if (isFirst) {
      await addApi(test)
      await addClient(test)
    }
    return test
  }

  /** What each process answers now, and its keys. */
  async answers(): Promise<{ token: number; keySet: number; kids: string[] }[]> {
    const all = [...this.#processes.values()]
    return Promise.all(
      all.map(async ({ app }) => {
        const [token, keySet] = [await postToken(app, GOOD), await request(app).get('/.well-known/jwks.json')]
        const kids = ((keySet.body.keys ?? []) as { kid: string }[]).map(({ kid }) => kid)
        return { token: token.status, keySet: keySet.status, kids }
      }),
    )
  }

  writes(): number {
    return this.store.calls.get('key_rings.replace') ?? 0
  }
}

/** Another process has made the keys of an encrypted ring the current and the next one. */
async function rotate(store: MemoryStore, encryptionKey: Key): Promise<string> {
  const [ring, { keys }] = [await ringOf(store), await ringOf(await seededStore(encryptionKey, 1))]
  const previous = ring.keys.map(key => ({ ...key, state: 'previous' as const }))
  await (await store.collection(KEY_RING_KIND)).replace({ ...ring, keys: [...keys, ...previous] }, ring.revision)
  return keys[0]?.kid ?? ''
}

describe('encryption keys, changed in one process after the other', () => {
  type Step = [process: string, key: Key]
  const orders: { description: string; steps: Step[]; writes: number }[] = [
    {
      description: 'switched on in one process at once',
      steps: [
        ['p', undefined],
        ['q', undefined],
        ['p', A],
      ],
      writes: 1,
    },
    {
      description: 'a first key, reading everywhere before it encrypts anywhere',
      steps: [
        ['p', undefined],
        ['q', undefined],
        ['p', READ_A],
        ['q', READ_A],
        ['p', A],
        ['q', READ_A],
        ['q', A],
      ],
      writes: 1,
    },
    {
      description: 'a first key, in processes that read it before and are restarted afterwards',
      steps: [
        ['p', READ_A],
        ['q', READ_A],
        ['p', A],
        ['q', READ_A],
        ['p', READ_A],
        ['q', A],
        ['p', A],
      ],
      writes: 1,
    },
    {
      description: 'a first key that only reads',
      steps: [
        ['p', undefined],
        ['q', READ_A],
        ['p', READ_A],
      ],
      writes: 0,
    },
    {
      description: 'another key: added last, then first, then alone',
      steps: [
        ['p', A],
        ['q', A],
        ['p', [A, B]],
        ['q', [A, B]],
        ['p', [B, A]],
        ['q', [B, A]],
        ['p', B],
        ['q', B],
      ],
      writes: 1,
    },
    {
      description: 'another key put first at once',
      steps: [
        ['p', A],
        ['q', A],
        ['p', [B, A]],
      ],
      writes: 1,
    },
    {
      description: 'lists in two orders',
      steps: [
        ['p', [A, B]],
        ['q', [B, A]],
      ],
      writes: 1,
    },
    {
      description: 'lists in two orders, and restarts',
      steps: [
        ['p', [A, B]],
        ['q', [B, A]],
        ['p', [A, B]],
      ],
      writes: 2,
    },
    {
      description: 'a list that only reads',
      steps: [
        ['p', A],
        ['q', { keys: [B, A], encrypt: false }],
      ],
      writes: 0,
    },
  ]
  for (const { description, steps, writes } of orders) {
    it(`${description}: every process goes on with the same keys, ${writes} writes`, async () => {
      const fleet = await Fleet.create(steps[0]?.[1])
      const kids = new Set<string>()
      for (const [name, key] of steps) {
        await fleet.start(name, key)
        // Twice the age of a ring, so that every process has seen what the last step wrote.
        for (const pause of [0, 31_000, 31_000]) {
          fleet.clock.time += pause
          for (const answer of await fleet.answers()) {
            expect(answer).to.include({ token: 200, keySet: 200 })
            for (const kid of answer.kids) kids.add(kid)
          }
        }
      }
      // The one that signs and the one that is next.
      expect(kids.size).to.equal(2)
      expect(fleet.writes()).to.equal(writes)
    })
  }

  for (const { description, key } of [
    { description: 'without a key', key: undefined },
    { description: 'with another key', key: B },
    { description: 'reading with another key', key: READ_B },
    { description: 'with several others', key: [B, randomBytes(32)] },
  ]) {
    it(`a process that restarts ${description} while another one encrypts does not start, and the other goes on`, async () => {
      const fleet = await Fleet.create(A)
      await fleet.start('p', A)
      const before = await ringOf(fleet.store)
      const error = await fleet.start('q', key).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_ARG_VALUE')
      expect(await ringOf(fleet.store)).to.deep.equal(before)
      fleet.clock.time += 31_000
      expect((await fleet.answers()).map(({ token, keySet }) => [token, keySet])).to.deep.equal([[200, 200]])
    })
  }

  it('writes once, however many requests need the ring at once', async () => {
    const fleet = await Fleet.create()
    await fleet.start('p', undefined)
    const accounts = () => ({ name: 'default', issuer: ISSUER, mountPath: '' })
    const { app } = await fleet.start('q', A, { accounts })
    const tokens = await Promise.all(Array.from({ length: 10 }, () => postToken(app, GOOD)))
    expect(new Set(tokens.map(({ status }) => status))).to.deep.equal(new Set([200]))
    expect(fleet.writes()).to.equal(1)
  })

  it('a ring that cannot be written is used as it is, and an event says so', async () => {
    const fleet = await Fleet.create()
    await fleet.start('p', undefined)
    const rings = await fleet.store.collection(KEY_RING_KIND)
    const cause = new Error('the disk is full')
    rings.replace = () => Promise.reject(cause)
    const { events } = await fleet.start('q', A)
    expect((await fleet.answers()).map(({ token }) => token)).to.deep.equal([200, 200])
    expect(events).to.deep.include({ type: 'server.error', account: 'default', cause })
  })
})

describe('a process that cannot open the private keys', () => {
  /** Its accounts are opened by requests, so that it starts. */
  const accounts = () => ({ name: 'default', issuer: ISSUER, mountPath: '' })

  for (const { description, key } of [
    { description: 'has no key', key: undefined },
    { description: 'has another key', key: B },
  ]) {
    it(`publishes the public ones and signs nothing, where it ${description}`, async () => {
      const fleet = await Fleet.create(A)
      await fleet.start('p', A)
      const { events } = await fleet.start('q', key, { accounts })
      const [good, bad] = await fleet.answers()
      expect(good).to.include({ token: 200, keySet: 200 })
      expect(bad).to.deep.equal({ token: 500, keySet: 200, kids: good?.kids })
      const error = (events as { type: string; cause: unknown }[]).find(({ type }) => type === 'server.error')
      expect(error?.cause).to.have.property('code', 'ERR_INVALID_ARG_VALUE')
      expect(fleet.writes()).to.equal(0)
    })
  }

  it('publishes what another process has rotated to', async () => {
    const fleet = await Fleet.create()
    await fleet.start('p', undefined)
    const kid = await rotate(fleet.store, A)
    fleet.clock.time += 31_000
    const [answer] = await fleet.answers()
    expect(answer).to.include({ token: 500, keySet: 200 })
    expect(answer?.kids).to.have.length(4).and.include(kid)
  })
})

/** The client and the API are known for good: they are not what is looked at. */
async function holdRecords({ server }: TestServer): Promise<void> {
  const { registry } = server.context
  const client = await registry.client('default', CLIENT_ID)
  const api = await registry.api('default', AUDIENCE)
  Object.assign(registry, { client: () => client, api: () => api })
}

describe('a ring that is known', () => {
  async function one(): Promise<{ fleet: Fleet; test: TestServer; status: (path: string) => Promise<number> }> {
    const fleet = await Fleet.create()
    const test = await fleet.start('p', undefined)
    const status = async (path: string) => (await request(test.app).get(path)).status
    return { fleet, test, status }
  }
  const KEY_SET = '/.well-known/jwks.json'

  for (const { description, fail } of [
    { description: 'is down', fail: (store: MemoryStore) => Object.assign(store, { down: true }) },
    { description: 'does not answer', fail: (store: MemoryStore) => Object.assign(store, { hangs: true }) },
  ]) {
    it(`is published while the store ${description}, however long that is`, async () => {
      const { fleet, status } = await one()
      fail(fleet.store)
      expect(await status(KEY_SET)).to.equal(200)
      fleet.clock.time += 31_000
      expect(await status(KEY_SET)).to.equal(200)
    })
  }

  it('is published by the timers of the process, where those of a test are numbers and stand still', async () => {
    const { fleet, status } = await one()
    fleet.store.hangs = true
    fleet.clock.time += 31_000
    const { setTimeout: set, clearTimeout: clear } = globalThis
    globalThis.setTimeout = (() => 1) as unknown as typeof setTimeout
    globalThis.clearTimeout = () => undefined
    try {
      expect(await status(KEY_SET)).to.equal(200)
    } finally {
      Object.assign(globalThis, { setTimeout: set, clearTimeout: clear })
    }
  })

  it('signs for 30 seconds without the store, and is published on', async () => {
    const { fleet, test, status } = await one()
    await holdRecords(test)
    fleet.store.down = true
    for (const [pause, token] of [
      [0, 200],
      [29_999, 200],
      [1, 503],
      [86_400_000, 503],
    ] as const) {
      fleet.clock.time += pause
      const answer = await postToken(test.app, GOOD)
      expect(answer.status, `after ${pause} ms`).to.equal(token)
      if (token === 503) expect(answer.headers['retry-after']).to.match(/^\d+$/)
      expect(await status(KEY_SET)).to.equal(200)
    }
    fleet.store.down = false
    await postToken(test.app, GOOD).expect(200)
  })

  it('is a fault, and not published, where the store answers with one that is none', async () => {
    const { fleet, status } = await one()
    const ring = await ringOf(fleet.store)
    await (await fleet.store.collection(KEY_RING_KIND)).replace({ ...ring, keys: [] }, ring.revision)
    fleet.clock.time += 31_000
    expect(await status(KEY_SET)).to.equal(500)
  })

  const HOUR = 3_600_000
  for (const { description, moves } of [
    { description: 'set back by an hour', moves: [-HOUR] },
    { description: 'corrected after a day ahead', moves: [24 * HOUR, -24 * HOUR] },
    { description: 'set back again and again', moves: [-HOUR, -20_000, -HOUR] },
  ]) {
    it(`is as old as it is by a clock that was ${description}`, async () => {
      const { fleet, test } = await one()
      const reads = () => fleet.store.calls.get('key_rings.get') ?? 0
      const kidNow = async () => {
        const { body } = await postToken(test.app, GOOD).expect(200)
        return decode(body.access_token).header['kid']
      }
      const old = await kidNow()
      for (const move of moves) {
        fleet.clock.time += move
        await kidNow()
      }
      const kid = await rotate(fleet.store, undefined)
      const before = reads()
      for (const [pause, expected] of [
        [29_000, old],
        [-20_000, old],
        [999, old],
        [1, kid],
      ] as const) {
        fleet.clock.time += pause
        expect(await kidNow(), `after ${pause} ms`).to.equal(expected)
      }
      expect(reads() - before).to.equal(1)
    })
  }

  it('signs for 30 seconds without the store, also where the clock is set back meanwhile', async () => {
    const { fleet, test } = await one()
    await holdRecords(test)
    fleet.store.down = true
    for (const [pause, token] of [
      [0, 200],
      [-HOUR, 200],
      [29_999, 200],
      [1, 503],
      [-HOUR, 503],
    ] as const) {
      fleet.clock.time += pause
      expect((await postToken(test.app, GOOD)).status, `after ${pause} ms`).to.equal(token)
    }
  })
})
