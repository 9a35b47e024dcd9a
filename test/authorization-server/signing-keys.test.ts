import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { expect } from 'chai'
import request from 'supertest'
import type { AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import { KEY_RING_KIND, type KeyRingRecord } from '../../lib/store/records.js'
import {
  addApi,
  addClient,
  decode,
  GOOD,
  mount,
  postToken,
  ringOf,
  seededStore,
  startServer,
  type TestServer,
} from './fixtures.js'
import { type MemoryStore, memoryStore } from './memory-store.js'

const A = randomBytes(32)
const B = randomBytes(32)

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
  it('are two, when many requests on two servers need the first at once', async () => {
    const store = memoryStore()
    // Accounts that are not listed are opened by their first request.
    const accounts = () => ({ name: 'default', issuer: 'https://id.example.com', mountPath: '' })
    const servers = await Promise.all([startServer({ store, accounts }), startServer({ store, accounts })])
    const apps = servers.map(({ server }) => mount('/', server.router))
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => request(apps[i % 2] ?? '').get('/.well-known/jwks.json')),
    )
    expect(new Set(answers.map(({ text }) => text))).to.have.property('size', 1)
    expect((await ringOf(store)).keys.map(({ state }) => state)).to.deep.equal(['current', 'next'])
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]))
    const clients = servers.flatMap(({ server }) => server.takeManagementClients())
    expect(clients).to.have.length(1)
  })

  it('stay the same over a restart', async () => {
    const store = await seededStore()
    const first = await kids(await startServer({ store }))
    expect(await kids(await startServer({ store }))).to.deep.equal(first)
  })

  it('are stored as a compact JWE where an encryption key is given', async () => {
    const store = memoryStore()
    await withKey(store, A.toString('base64'))
    for (const { kid, private_jwk } of (await ringOf(store)).keys) {
      expect(private_jwk).to.match(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/)
      const header = JSON.parse(Buffer.from(private_jwk.split('.')[0] ?? '', 'base64url').toString())
      expect(header).to.deep.equal({ alg: 'dir', enc: 'A256GCM', account: 'default', kid })
    }
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
      const store = await seededStore(first)
      const before = await kids(await withKey(store, first))
      expect(await codeOf(withKey(store, second))).to.equal(code)
      expect((await ringOf(store)).keys.map(({ kid }) => kid)).to.deep.equal(before)
    })
  }

  it('are encrypted anew where they are plain or the first key is another', async () => {
    const store = await seededStore()
    const before = await kids(await startServer({ store }))
    for (const encryptionKey of [A, [B, A], B]) {
      expect(await kids(await withKey(store, encryptionKey))).to.deep.equal(before)
    }
    expect(await codeOf(withKey(store, A))).to.equal('ERR_INVALID_ARG_VALUE')
  })

  it('are stored plain where the key only reads, and nothing is encrypted anew', async () => {
    const store = memoryStore()
    await withKey(store, { keys: A, encrypt: false })
    expect(JSON.parse((await ringOf(store)).keys[0]?.private_jwk ?? '')).to.include({ kty: 'RSA' })
  })

  type Change = (ring: KeyRingRecord, other: KeyRingRecord) => void
  /** In every faulty text, as a secret would be. */
  const MARK = 'c3RvbGVu'
  const member =
    (members: object): Change =>
    ring =>
      Object.assign(ring.keys[0] ?? {}, members)
  const privateMember =
    (members: object): Change =>
    ring => {
      const jwk = JSON.parse(ring.keys[0]?.private_jwk ?? '')
      member({ private_jwk: JSON.stringify({ ...jwk, ...members }) })(ring, ring)
    }
  const faults: { description: string; code?: string; key?: Key; change: Change }[] = [
    {
      description: 'another key’s ciphertext',
      code: 'ERR_INVALID_ARG_VALUE',
      key: A,
      change: (ring, other) => Object.assign(ring.keys[0] ?? {}, { private_jwk: other.keys[0]?.private_jwk }),
    },
    {
      description: 'another private key',
      change: (ring, other) => Object.assign(ring.keys[0] ?? {}, { private_jwk: other.keys[0]?.private_jwk }),
    },
    {
      description: 'another public key',
      change: (ring, other) => Object.assign(ring.keys[0] ?? {}, { public_jwk: other.keys[0]?.public_jwk }),
    },
    {
      description: 'the secret exponent of another key',
      change: (ring, other) => {
        const { d, p, q, dp, dq, qi } = JSON.parse(other.keys[0]?.private_jwk ?? '')
        privateMember({ d, p, q, dp, dq, qi })(ring, other)
      },
    },
    { description: 'no current key', change: member({ state: 'previous' }) },
    { description: 'two current keys', change: ({ keys }) => keys.push(...keys) },
    { description: 'two next keys', change: ({ keys }) => keys.push(...keys.slice(1)) },
    { description: 'no keys', change: ring => ring.keys.splice(0) },
    { description: 'no list of keys', change: ring => Object.assign(ring, { keys: MARK }) },
    { description: 'a key that is none', change: ring => Object.assign(ring, { keys: [MARK] }) },
    { description: 'an unknown state', change: member({ state: MARK }) },
    { description: 'a kid that is no text', change: member({ kid: 1 }) },
    { description: 'a private key that is no text', change: member({ private_jwk: { d: MARK } }) },
    { description: 'half a private key', change: member({ private_jwk: `{"kty":"RSA","d":"${MARK}` }) },
    { description: 'a private key that is no JSON', change: member({ private_jwk: MARK }) },
    { description: 'a private key that is JSON, and no object', change: member({ private_jwk: `"${MARK}"` }) },
    { description: 'a private key of another kind', change: privateMember({ kty: 'oct', k: MARK }) },
    { description: 'a secret exponent that is a number', change: privateMember({ d: 7 }) },
    { description: 'a secret exponent that is no base64url', change: privateMember({ d: `${MARK}=` }) },
    { description: 'a public key that is no text', change: member({ public_jwk: { n: MARK } }) },
    { description: 'half a public key', change: member({ public_jwk: `{"kty":"RSA","n":"${MARK}` }) },
    { description: 'a public key that is a list', change: member({ public_jwk: `["${MARK}"]` }) },
    { description: 'a public key without members', change: member({ public_jwk: '{"kty":"RSA"}' }) },
    { description: 'a key without its time', change: member({ created_at: MARK }) },
    ...['published_at', 'activated_at', 'retired_at'].map(name => ({
      description: `another ${name} than a time`,
      change: member({ [name]: MARK }),
    })),
  ]
  for (const { description, code = 'ERR_KEY_RING', key, change } of faults) {
    it(`do not start with ${description} in the store, and say so without a piece of it`, async () => {
      const [store, otherStore] = [await seededStore(key), await seededStore(key, 1)]
      const ring = await ringOf(store)
      const secrets = key === undefined ? secretsOf(ring) : []
      change(ring, await ringOf(otherStore))
      await (await store.collection(KEY_RING_KIND)).replace(ring, ring.revision)
      const error = await withKey(store, key).catch((thrown: unknown) => thrown)
      expect(error).to.have.property('code', code)
      const text = inspect(error, { depth: 9, showHidden: true })
      for (const secret of [MARK, ...secrets]) expect(text).not.to.include(secret)
      expect((await ringOf(store)).revision).to.equal(2)
    })
  }

  it('publish next, current and previous; current alone signs, also after another process has rotated', async () => {
    const test = await startServer()
    const { store } = test
    await addApi(test)
    await addClient(test)
    const other = await ringOf(await seededStore(undefined, 1))
    const ring = await ringOf(store)
    const [old] = ring.keys
    const [fresh, next] = other.keys
    if (old === undefined || fresh === undefined || next === undefined) throw new Error('no keys')
    const previous = { ...old, state: 'previous' as const }
    const rings = await store.collection(KEY_RING_KIND)
    await rings.replace({ ...ring, keys: [fresh, next, previous] }, ring.revision)
    test.clock.time += 30_000
    expect(await kids(test)).to.deep.equal([fresh.kid, next.kid, old.kid])
    const { body } = await postToken(test.app, GOOD).expect(200)
    expect(decode(body.access_token).header['kid']).to.equal(fresh.kid)
  })
})

/** Pieces of a plain private key, as short as `JSON.parse` quotes them. */
function secretsOf({ keys: [key] }: KeyRingRecord): string[] {
  const { d, p, q } = JSON.parse(key?.private_jwk ?? '')
  return [d, p, q].map((text: string) => text.slice(0, 10))
}
