import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import request from 'supertest'
import type { AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import { KEY_RING_ID } from '../../lib/authorization-server/signing-keys.js'
import { KEY_RING_KIND, type KeyRingRecord } from '../../lib/store/records.js'
import { addApi, addClient, decode, GOOD, mount, postToken, startServer, type TestServer } from './fixtures.js'
import { type MemoryStore, memoryStore } from './memory-store.js'

const A = randomBytes(32)
const B = randomBytes(32)

async function ringOf(store: MemoryStore): Promise<KeyRingRecord> {
  const ring = await (await store.collection(KEY_RING_KIND)).get('default', KEY_RING_ID)
  if (ring === null) throw new Error('no ring')
  return ring
}

async function kids({ app }: TestServer): Promise<string[]> {
  const { body } = await request(app).get('/.well-known/jwks.json').expect(200)
  return body.keys.map(({ kid }: { kid: string }) => kid)
}

async function codeOf(starting: Promise<unknown>): Promise<unknown> {
  try {
    await starting
    return 'started'
  } catch (error) {
    return (error as { code?: string }).code
  }
}

type Key = AuthorizationServerOptions['encryptionKey']
const withKey = (store: MemoryStore, encryptionKey: Key): Promise<TestServer> =>
  startServer(encryptionKey === undefined ? { store } : { store, encryptionKey })

describe('signing keys', () => {
  it('are one, when many requests on two servers need the first at once', async () => {
    const store = memoryStore()
    // Accounts that are not listed are opened by their first request.
    const accounts = () => ({ name: 'default', issuer: 'https://id.example.com', mountPath: '' })
    const servers = await Promise.all([startServer({ store, accounts }), startServer({ store, accounts })])
    const apps = servers.map(({ server }) => mount('/', server.router))
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => request(apps[i % 2] ?? '').get('/.well-known/jwks.json')),
    )
    expect(new Set(answers.map(({ text }) => text))).to.have.property('size', 1)
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]))
    const clients = servers.flatMap(({ server }) => server.managementClients)
    expect(clients).to.have.length(1)
  })

  it('stay the same over a restart', async () => {
    const store = memoryStore()
    const first = await kids(await startServer({ store }))
    expect(await kids(await startServer({ store }))).to.deep.equal(first)
  })

  it('are stored as a compact JWE where an encryption key is given', async () => {
    const store = memoryStore()
    await withKey(store, A.toString('base64'))
    const [key] = (await ringOf(store)).keys
    expect(key?.private_jwk).to.match(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/)
    const header = JSON.parse(Buffer.from(key?.private_jwk.split('.')[0] ?? '', 'base64url').toString())
    expect(header).to.deep.equal({ alg: 'dir', enc: 'A256GCM', account: 'default', kid: key?.kid })
  })

  const starts: { description: string; first: Key; second: Key; code: string | undefined }[] = [
    { description: 'accept the same key', first: A, second: A.toString('base64'), code: 'started' },
    { description: 'accept the key as the second of a list', first: A, second: [B, A], code: 'started' },
    { description: 'accept plain keys once a key is given', first: undefined, second: A, code: 'started' },
    { description: 'refuse a wrong key', first: A, second: B, code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'refuse a missing key', first: A, second: undefined, code: 'ERR_INVALID_ARG_VALUE' },
  ]
  for (const { description, first, second, code } of starts) {
    it(`${description}, and make no new one`, async () => {
      const store = memoryStore()
      const before = await kids(await withKey(store, first))
      expect(await codeOf(withKey(store, second))).to.equal(code)
      expect((await ringOf(store)).keys.map(({ kid }) => kid)).to.deep.equal(before)
    })
  }

  it('are encrypted anew where they are plain or the first key is another', async () => {
    const store = memoryStore()
    const before = await kids(await startServer({ store }))
    for (const encryptionKey of [A, [B, A], B]) {
      expect(await kids(await withKey(store, encryptionKey))).to.deep.equal(before)
    }
    expect(await codeOf(withKey(store, A))).to.equal('ERR_INVALID_ARG_VALUE')
  })

  const faults: { description: string; change: (ring: KeyRingRecord, other: KeyRingRecord) => void }[] = [
    {
      description: 'another key’s ciphertext',
      change: (ring, other) => Object.assign(ring.keys[0] ?? {}, { private_jwk: other.keys[0]?.private_jwk }),
    },
    {
      description: 'another public key',
      change: (ring, other) => Object.assign(ring.keys[0] ?? {}, { public_jwk: other.keys[0]?.public_jwk }),
    },
    { description: 'no current key', change: ring => Object.assign(ring.keys[0] ?? {}, { state: 'previous' }) },
    { description: 'no keys', change: ring => ring.keys.splice(0) },
  ]
  for (const { description, change } of faults) {
    it(`do not start with ${description} in the store`, async () => {
      const [store, otherStore] = [memoryStore(), memoryStore()]
      await withKey(store, A)
      await withKey(otherStore, A)
      const ring = await ringOf(store)
      change(ring, await ringOf(otherStore))
      await (await store.collection(KEY_RING_KIND)).replace(ring, ring.revision)
      expect(await codeOf(withKey(store, A))).not.to.equal('started')
    })
  }

  it('publish next, current and previous; current alone signs, also after another process has rotated', async () => {
    const store = memoryStore()
    const test = await startServer({ store })
    await addApi(test)
    await addClient(test)
    const other = await ringOf(await storeOfAnother())
    const ring = await ringOf(store)
    const [old] = ring.keys
    const [fresh] = other.keys
    if (old === undefined || fresh === undefined) throw new Error('no keys')
    const next = { ...old, state: 'previous' as const }
    const rings = await store.collection(KEY_RING_KIND)
    await rings.replace({ ...ring, keys: [{ ...fresh, state: 'current' }, next] }, ring.revision)
    test.clock.time += 30_000
    expect(await kids(test)).to.deep.equal([fresh.kid, old.kid])
    const { body } = await postToken(test.app, GOOD).expect(200)
    expect(decode(body.access_token).header['kid']).to.equal(fresh.kid)
  })
})

async function storeOfAnother(): Promise<MemoryStore> {
  const store = memoryStore()
  await startServer({ store })
  return store
}
