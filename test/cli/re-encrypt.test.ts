import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { reEncryptKeyRings } from '../../lib/authorization-server/keys/re-encrypt.js'
import { type AuthorizationServerOptions, authorizationServer } from '../../lib/authorization-server/index.js'
import { accountsByPath } from '../../lib/authorization-server/index.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { KEY_RING_KIND, type KeyRingRecord } from '../../lib/store/records.js'
import { Command, type Outcome } from '../support/command.js'
import { DAY, KeyStore } from '../support/key-server.js'
import { describeStores, mongoDatabase, requireMongo } from '../support/stores.js'

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64')
const JWE = /^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/

describeStores('key rings encrypted anew', engine => {
  let keys: KeyStore
  afterEach(() => keys.close())

  /** A ring with keys in every state, one of them gone, in two accounts. */
  async function open(encryptionKey?: AuthorizationServerOptions['encryptionKey']): Promise<KeyStore> {
    keys = await KeyStore.open(engine, encryptionKey)
    const rings = await keys.store.collection(KEY_RING_KIND)
    if (encryptionKey === undefined) {
      const ring = await keys.ring()
      const previous = ring.keys.slice(0, 1).map(one => ({
        ...{ ...one, state: 'previous' as const, retired_at: new Date(keys.clock.now() - 40 * DAY) },
      }))
      await rings.insert({ ...ring, account: 'acme', keys: [...ring.keys.slice(1), ...previous].map(activate) })
    }
    return keys
  }

  const activate = (one: KeyRingRecord['keys'][number]): KeyRingRecord['keys'][number] =>
    one.state === 'next' ? { ...one, state: 'current', activated_at: one.created_at } : one

  async function stored(account: string): Promise<KeyRingRecord['keys']> {
    return (await (await keys.store.collection(KEY_RING_KIND)).get(account, 'keys'))?.keys ?? []
  }

  it('are those of every account, with every key; once', async () => {
    const { store, clock } = await open()
    const before = await stored('acme')
    const options = { store, clock, encryptionKey: key(1) }
    expect(await reEncryptKeyRings(options)).to.deep.equal({ rings: 2, rewritten: 2 })
    for (const account of ['default', 'acme']) {
      for (const { private_jwk } of await stored(account)) expect(private_jwk).to.match(JWE)
    }
    const hidden = (ring: KeyRingRecord['keys']) => ring.map(one => ({ ...one, private_jwk: '' }))
    expect(hidden(await stored('acme'))).to.deep.equal(hidden(before))
    expect(await reEncryptKeyRings(options)).to.deep.equal({ rings: 2, rewritten: 0 })
    expect(await reEncryptKeyRings({ ...options, encryptionKey: [key(2), key(1)] })).to.include({ rewritten: 2 })
    expect(await reEncryptKeyRings({ ...options, encryptionKey: key(2) })).to.include({ rewritten: 0 })
    expect(await (await keys.serve({ encryptionKey: key(2) })).signer()).to.equal((await stored('default'))[0]?.kid)
  })

  it('are left as they are, all of them, where one cannot be opened', async () => {
    const { store, clock } = await open()
    const rings = await store.collection(KEY_RING_KIND)
    const other = await KeyStore.open(engine, key(3))
    const [foreign] = (await other.ring()).keys
    await other.close()
    const ring = await rings.get('default', 'keys')
    const [current, next] = ring?.keys ?? []
    if (ring === null || foreign === undefined || current === undefined || next === undefined)
      throw new Error('no ring')
    await rings.replace({ ...ring, keys: [{ ...current, ...foreign }, next] }, ring.revision)
    const before = await stored('acme')
    for (const encryptionKey of [key(1), [key(2), key(1)]]) {
      const error = await reEncryptKeyRings({ store, clock, encryptionKey }).catch((thrown: unknown) => thrown)
      expect(error).to.have.property('code', 'ERR_INVALID_ARG_VALUE')
      expect(String(error)).to.include('account default')
    }
    expect(await stored('acme')).to.deep.equal(before)
  })

  it('are written by compare-and-set: a rotation meanwhile is not undone', async () => {
    const { store, clock } = await open()
    const server = await keys.serve()
    const rings = await store.collection(KEY_RING_KIND)
    const { replace } = rings
    let raced = false
    rings.replace = async (record, revision) => {
      if (!raced && record.account === 'default') {
        raced = true
        await server.rotate({ force: true }).expect(200)
      }
      return replace.call(rings, record, revision)
    }
    expect(await reEncryptKeyRings({ store, clock, encryptionKey: key(1) })).to.include({ rewritten: 2 })
    expect(await keys.states()).to.deep.equal(['current', 'next', 'previous'])
    for (const { private_jwk } of await stored('default')) expect(private_jwk).to.match(JWE)
  })
})

describe('scopegate keys re-encrypt', function suite() {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const run = (env: Record<string, string>): Promise<Outcome> =>
    new Command({ DATA_DIR: folder, ...env }, ['keys', 're-encrypt']).ended()

  /** Accounts that are opened here and that no variable names, and `acme`. */
  async function fill(): Promise<void> {
    const store = embeddedStore(folder)
    const accounts = accountsByPath('https://id.example.com', ['acme', 'globex'])
    await (await authorizationServer({ accounts, store, encryptionKey: key(1) })).close()
  }

  it('encrypts the rings of all accounts in the store, named or not, says how many, and does nothing twice', async () => {
    await fill()
    const env = { ACCOUNTS: 'acme', ENCRYPTION_KEY: `${key(2)},${key(1)}` }
    expect(await run(env)).to.deep.equal({
      ...{ code: 0, stderr: '' },
      stdout: '2 of 2 key rings rewritten: all are encrypted by the first ENCRYPTION_KEY\n',
    })
    expect((await run(env)).stdout).to.match(/^0 of 2 /)
    expect(await run({ ENCRYPTION_KEY: key(2) })).to.include({ code: 0 })
  })

  const refused: { description: string; env: Record<string, string>; message: RegExp }[] = [
    { description: 'a missing key', env: {}, message: /^scopegate: ENCRYPTION_KEY is missing$/ },
    {
      description: 'a key that opens no ring',
      env: { ENCRYPTION_KEY: key(7) },
      message: /^scopegate: ENCRYPTION_KEY does not open the signing keys of account acme$/,
    },
    {
      description: 'a key that is none',
      env: { ENCRYPTION_KEY: 'x' },
      message: /^scopegate: ENCRYPTION_KEY must be 32/,
    },
    {
      description: 'a key that only reads',
      env: { ENCRYPTION_KEY: key(1), ENCRYPTION_KEY_READ_ONLY: '1' },
      message: /^scopegate: ENCRYPTION_KEY_READ_ONLY must not be set/,
    },
  ]
  for (const { description, env, message } of refused) {
    it(`refuses ${description} with one line, and exits 1`, async () => {
      await fill()
      const { code, stdout, stderr } = await run(env)
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr.trimEnd()).to.match(message).and.not.include('\n')
    })
  }

  it('refuses a folder that a server owns', async () => {
    const env = { ENCRYPTION_KEY: key(1) }
    const server = new Command({ ...env, PORT: '0', DATA_DIR: folder })
    await server.address()
    const { code, stderr } = await run(env)
    expect(code).to.equal(1)
    expect(stderr).to.match(/^scopegate: another process owns the data folder/)
    await server.stop()
  })

  it('works on MongoDB beside a running server', async function onMongo() {
    await requireMongo(this)
    const MONGODB_URI = await mongoDatabase()
    const server = new Command({ PORT: '0', MONGODB_URI })
    const address = await server.address()
    const kids = async (url: string): Promise<string> => (await fetch(`${url}/.well-known/jwks.json`)).text()
    const before = await kids(address)
    expect((await run({ MONGODB_URI, ENCRYPTION_KEY: key(1) })).stdout).to.match(/^1 of 1 /)
    expect(await kids(address)).to.equal(before)
    await server.stop()
    const second = new Command({ PORT: '0', MONGODB_URI, ENCRYPTION_KEY: key(1) })
    expect(await kids(await second.address())).to.equal(before)
    await second.stop()
  })

  for (const args of [['keys'], ['keys', 're-encrypt', 'x'], ['keys', 'reencrypt']]) {
    it(`refuses scopegate ${args.join(' ')}`, async () => {
      const { code, stderr } = await new Command({ DATA_DIR: folder, ENCRYPTION_KEY: key(1) }, args).ended()
      expect(code).to.equal(2)
      expect(stderr).not.to.equal('')
    })
  }
})
