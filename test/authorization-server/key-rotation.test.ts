import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import request from 'supertest'
import type { AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import { StoreUnavailableError } from '../../lib/errors.js'
import { createVerifier } from '../../lib/resource-server/token/verify-access-token.js'
import { KEY_RING_KIND } from '../../lib/store/records.js'
import { DAY, type KeyServer, KeyStore, MINUTE, RETENTION } from '../support/key-server.js'
import { describeStores } from '../support/stores.js'
import {
  addApi,
  addClient,
  AUDIENCE,
  basic,
  GOOD,
  ISSUER,
  mount,
  postToken,
  seededStore,
  startServer,
  type TestServer,
} from './fixtures.js'

type Key = AuthorizationServerOptions['encryptionKey']

const A = randomBytes(32)
const B = randomBytes(32)
/** For so long another process may go by what it has read, in milliseconds. */
const RING_AGE = 30_000
/** Accounts are opened by requests: so a server starts that cannot open the keys. */
const accounts = () => ({ name: 'default', issuer: ISSUER, mountPath: '' })

/** A guard with a key set of its own, which counts how often it has fetched that. */
function guardOf({ app }: KeyServer, { clock }: KeyStore) {
  let fetches = 0
  const verifier = createVerifier({
    ...{ issuer: { issuer: ISSUER, jwksUri: `${ISSUER}/jwks` }, audience: AUDIENCE, clock },
    async fetch() {
      fetches += 1
      const { text } = await request(app).get('/.well-known/jwks.json')
      return new Response(text, { headers: { 'content-type': 'application/json' } })
    },
  })
  return { verify: async (token: string) => verifier.verify(token), fetches: () => fetches }
}

describeStores('key rotation', engine => {
  let opened: KeyStore | undefined
  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })

  async function open(encryptionKey?: Key): Promise<KeyStore> {
    opened = await KeyStore.open(engine, encryptionKey)
    return opened
  }

  /** The ring as an earlier version has left it: one key, without times. */
  async function openOld(encryptionKey?: Key): Promise<KeyStore> {
    const keys = await open(encryptionKey)
    await keys.alterRing(ring => {
      ring.keys = ring.keys.slice(0, 1)
      delete ring.keys[0]?.published_at
      delete ring.keys[0]?.activated_at
    })
    return keys
  }

  describe('of a ring of an earlier version', () => {
    const JWE = /^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/
    const kinds: { description: string; stored: Key; key: Key; encrypted: boolean }[] = [
      { description: 'plain', stored: undefined, key: undefined, encrypted: false },
      { description: 'encrypted', stored: A, key: A, encrypted: true },
      { description: 'plain, and encrypted from now on', stored: undefined, key: A, encrypted: true },
      { description: 'read-only', stored: A, key: { keys: A, encrypt: false }, encrypted: false },
    ]
    for (const { description, stored, key, encrypted } of kinds) {
      it(`gives it one next key, however many processes open it at once (${description})`, async () => {
        const keys = await openOld(stored)
        const [old] = (await keys.ring()).keys
        const option = key === undefined ? {} : { encryptionKey: key }
        const servers = await Promise.all([1, 2, 3].map(() => keys.serve(option)))
        const ring = await keys.ring()
        expect(ring.keys.map(({ state }) => state)).to.deep.equal(['current', 'next'])
        expect(ring.keys[0]?.kid).to.equal(old?.kid)
        expect(ring.keys.map(({ private_jwk }) => JWE.test(private_jwk))).to.deep.equal([
          stored === A || encrypted,
          encrypted,
        ])
        expect(ring.keys[1]?.published_at).to.deep.equal(new Date(keys.clock.now()))
        const kids = ring.keys.map(({ kid }) => kid)
        for (const server of servers) expect(await server.kids()).to.deep.equal(kids)
        expect(servers.flatMap(server => server.told('key.created'))).to.deep.equal([
          { account: 'default', kid: kids[1] },
        ])
      })
    }

    it('says of its key that it was published, and has signed, since it was made', async () => {
      const keys = await openOld()
      const [shown] = await (await keys.serve()).keys()
      expect([shown?.published_at, shown?.activated_at, shown?.retired_at]).to.deep.equal([
        ...[shown?.created_at, shown?.created_at, null],
      ])
    })

    for (const key of [undefined, B]) {
      it(`leaves it as it is where its key cannot be opened (${key === undefined ? 'no key' : 'another key'})`, async () => {
        const keys = await openOld(A)
        const before = await keys.ring()
        const server = await keys.serve({ accounts, ...(key !== undefined && { encryptionKey: key }) })
        expect(await server.kids()).to.have.length(1)
        keys.clock.advance(RING_AGE)
        expect(await server.kids()).to.have.length(1)
        expect(await keys.ring()).to.deep.equal(before)
        const [told, ...more] = server.told('server.error')
        expect([told?.['account'], more]).to.deep.equal(['default', []])
        expect(told?.['cause']).to.have.property('code', 'ERR_INVALID_ARG_VALUE')
      })
    }
  })

  it('lets a verifier that knew the key set before verify what is signed after it, without a fetch', async () => {
    const keys = await open()
    const server = await keys.serve()
    const guard = guardOf(server, keys)
    const before = await server.token()
    await guard.verify(before)
    keys.clock.advance(10 * MINUTE - 1_000)
    expect(await server.rotate().expect(409)).to.have.nested.property('headers.retry-after', '1')
    // The guard reads its key set anew every 10 minutes: now it has just done so.
    keys.clock.advance(1_000)
    await guard.verify(before)
    const known = guard.fetches()
    await server.rotate().expect(200)
    const after = await server.token()
    expect(await server.kidOf('current')).to.equal(JSON.parse(atob(after.split('.')[0] ?? '')).kid)
    await guard.verify(after)
    await guard.verify(before)
    expect(guard.fetches()).to.equal(known)
  })

  it('publishes a previous key until no token of it can live, and then takes it out of the store', async () => {
    const keys = await open()
    const server = await keys.serve({ keyRotation: false })
    const old = await server.kidOf('current')
    await server.rotate({ force: true }).expect(200)
    for (const [pause, published] of [
      [30 * DAY, true],
      [RETENTION - 30 * DAY - 1, true],
      // A ring may be as old as that; what is read says so.
      [RING_AGE, false],
    ] as const) {
      keys.clock.advance(pause)
      expect((await server.kids()).includes(old), `after ${pause} ms`).to.equal(published)
    }
    expect(await keys.states()).to.deep.equal(['current', 'next'])
    expect(server.told('key.deleted')).to.deep.equal([{ account: 'default', kid: old, state: 'previous', by: 'age' }])
  })

  it('does not show a key that is gone, however the store stands', async () => {
    const keys = await open()
    const server = await keys.serve({ keyRotation: false })
    await server.rotate({ force: true }).expect(200)
    keys.clock.advance(RETENTION)
    expect((await server.keys()).map(({ state }) => state)).to.deep.equal(['current', 'next'])
    expect(await keys.states()).to.deep.equal(['current', 'next', 'previous'])
  })

  describe('by age', () => {
    type Row = {
      description: string
      option?: AuthorizationServerOptions['keyRotation']
      age: number
      rotates: boolean
    }
    const rows: Row[] = [
      { description: 'not before 90 days', age: 90 * DAY - 1, rotates: false },
      { description: 'after 90 days', age: 90 * DAY, rotates: true },
      { description: 'after the days that are given', option: { maxAge: 1 }, age: DAY, rotates: true },
      { description: 'not before them', option: { maxAge: 1 }, age: DAY - 1, rotates: false },
      { description: 'after half a day', option: { maxAge: 0.5 }, age: DAY / 2, rotates: true },
      { description: 'never, where maxAge is false', option: { maxAge: false }, age: 1_000 * DAY, rotates: false },
      { description: 'never, where the option is false', option: false, age: 1_000 * DAY, rotates: false },
      { description: 'not while next is too young', option: { maxAge: 0.001 }, age: 10 * MINUTE - 1, rotates: false },
      { description: 'once next is old enough', option: { maxAge: 0.001 }, age: 10 * MINUTE, rotates: true },
    ]
    for (const { description, option, age, rotates } of rows) {
      it(description, async () => {
        const keys = await open()
        const server = await keys.serve(option === undefined ? {} : { keyRotation: option })
        const [current, next] = (await keys.ring()).keys
        keys.clock.advance(age)
        expect(await server.signer()).to.equal(rotates ? next?.kid : current?.kid)
        expect(await keys.states()).to.deep.equal(rotates ? ['current', 'next', 'previous'] : ['current', 'next'])
        expect(server.told('key.rotated')).to.deep.equal(
          rotates ? [{ account: 'default', kid: next?.kid, previous: current?.kid, by: 'age' }] : [],
        )
      })
    }

    it('goes on as ever where a clock that was ahead is set right', async () => {
      const keys = await open()
      const server = await keys.serve()
      keys.clock.advance(3_650 * DAY)
      const ahead = await server.signer()
      expect(server.told('key.rotated')).to.have.length(1)

      keys.clock.advance(-3_650 * DAY)
      expect(await server.signer()).to.equal(ahead)
      keys.clock.advance(RING_AGE)
      expect(await server.signer()).to.equal(ahead)
      keys.clock.advance(90 * DAY - 1)
      expect(await server.signer()).to.equal(ahead)
      // What was retired ahead of time has left 30 days later.
      expect(await keys.states()).to.deep.equal(['current', 'next'])
      keys.clock.advance(RING_AGE)
      expect(await server.signer()).not.to.equal(ahead)
      expect(await keys.states()).to.deep.equal(['current', 'next', 'previous'])
    })

    it('leaves times alone that are as far ahead as clocks may be apart', async () => {
      const keys = await open()
      const server = await keys.serve()
      const before = await keys.ring()
      keys.clock.advance(-10 * MINUTE)
      keys.clock.advance(1)
      await server.signer()
      expect(await keys.ring()).to.deep.equal(before)
    })

    it('rotates where the key set alone is read', async () => {
      const keys = await open()
      const server = await keys.serve()
      keys.clock.advance(90 * DAY)
      await server.kids()
      // A key set that is known is published a second later at most, whatever a rotation takes.
      while (server.told('key.rotated').length === 0) await setImmediate()
      expect(await keys.states()).to.deep.equal(['current', 'next', 'previous'])
    })

    it('rotates once, however many processes and requests come at once', async () => {
      const keys = await open()
      const servers = [await keys.serve(), await keys.serve()]
      keys.clock.advance(91 * DAY)
      await Promise.all(Array.from({ length: 10 }, (_, at) => servers[at % 2]?.token()))
      expect(await keys.states()).to.deep.equal(['current', 'next', 'previous'])
      expect(servers.flatMap(server => server.told('key.rotated'))).to.have.length(1)
    })

    it('goes on with the current key where it cannot be written, says so once, and rotates when it can', async () => {
      const keys = await open()
      const server = await keys.serve()
      const rings = await keys.store.collection(KEY_RING_KIND)
      const { replace } = rings
      const cause = new StoreUnavailableError('the disk is full')
      rings.replace = () => Promise.reject(cause)
      const old = await server.signer()
      keys.clock.advance(91 * DAY)
      for (let round = 0; round < 3; round++) {
        expect(await server.signer()).to.equal(old)
        expect(await server.kids()).to.have.length(2)
        keys.clock.advance(RING_AGE)
      }
      expect(server.told('server.error')).to.deep.equal([{ account: 'default', cause }])
      rings.replace = replace
      expect(await server.signer()).not.to.equal(old)
    })

    it('does not rotate to a key that does not sign', async () => {
      const keys = await open()
      const server = await keys.serve()
      const old = await server.signer()
      await keys.alterRing(({ keys: [, next] }) => {
        if (next !== undefined) next.private_jwk = '{}'
      })
      keys.clock.advance(91 * DAY)
      expect(await server.signer()).to.equal(old)
      expect(server.told('server.error').map(({ cause }) => (cause as { code?: string }).code)).to.deep.equal([
        'ERR_KEY_RING',
      ])
    })

    it('does not rotate where the keys cannot be opened', async () => {
      const keys = await open(A)
      const server = await keys.serve({ accounts, encryptionKey: B })
      keys.clock.advance(91 * DAY)
      expect(await server.kids()).to.have.length(2)
      expect(await keys.states()).to.deep.equal(['current', 'next'])
    })
  })

  describe('by another process', () => {
    async function two(): Promise<{ keys: KeyStore; one: KeyServer; other: KeyServer; old: unknown }> {
      const keys = await open()
      const [one, other] = [await keys.serve(), await keys.serve()]
      // So that the other one has read the ring at the very last moment.
      keys.clock.advance(10 * MINUTE)
      return { keys, one, other, old: await other.signer() }
    }

    it('is seen within 30 seconds; what is signed by the old key meanwhile is good', async () => {
      const { keys, one, other, old } = await two()
      await one.rotate().expect(200)
      const guard = guardOf(one, keys)
      keys.clock.advance(RING_AGE - 1)
      expect(await one.signer()).not.to.equal(old)
      expect(await other.signer()).to.equal(old)
      await guard.verify(await other.token())
      keys.clock.advance(1)
      expect(await other.signer()).to.equal(await one.signer())
      expect(await other.kids()).to.deep.equal(await one.kids())
    })

    it('takes a deleted key out of use within 30 seconds, and it is worth nothing where the key set is fresh', async () => {
      const { keys, one, other, old } = await two()
      await one.remove(String(old), '?replace=true').expect(204)
      expect(await one.signer()).not.to.equal(old)
      keys.clock.advance(RING_AGE - 1)
      const late = await other.token()
      expect(await other.signer()).to.equal(old)
      const refusal = await guardOf(one, keys)
        .verify(late)
        .catch((error: unknown) => error)
      expect(refusal).to.have.property('code', 'ERR_INVALID_TOKEN')
      keys.clock.advance(1)
      expect(await other.signer()).to.equal(await one.signer())
      expect(await other.kids()).not.to.include(old)
    })
  })
})

describe('signing keys in use', () => {
  it('cost no look at the store for each token', async () => {
    const test = await startServer()
    await addApi(test)
    await addClient(test)
    const reads = (): unknown[] => [...test.store.calls].filter(([name]) => name.startsWith('key_rings'))
    await postToken(test.app, GOOD).expect(200)
    const before = JSON.stringify(reads())
    for (let round = 0; round < 5; round++) await postToken(test.app, GOOD).expect(200)
    expect(JSON.stringify(reads())).to.equal(before)
  })

  it('are not good for management any more once they are deleted: at once here, after 60 seconds in other processes', async () => {
    const store = await seededStore()
    const one = await startServer({ store })
    const other = await startServer({ store, clock: one.clock })
    const [client] = one.server.takeManagementClients()
    const credentials = basic(client?.clientId ?? '', client?.clientSecret ?? '')
    const read = async (test: TestServer): Promise<Record<string, string>> => {
      const { body } = await postToken(test.app, { grant_type: 'client_credentials' }).set('authorization', credentials)
      return { authorization: `Bearer ${body.access_token}` }
    }
    const use = (test: TestServer, headers: Record<string, string>): request.Test =>
      request(mount('/', test.server.adminRouter)).get('/keys').set(headers)
    const old = await read(one)
    const { body } = await use(one, old).expect(200)
    await use(other, old).expect(200)
    const path = `/keys/${body.results[0].kid}?replace=true`
    await request(mount('/', one.server.adminRouter)).delete(path).set(old).expect(204)
    await use(one, old).expect(401)
    await use(one, await read(one)).expect(200)
    one.clock.time += 2 * RING_AGE
    await use(other, old).expect(401)
    await use(other, await read(one)).expect(200)
  })
})
