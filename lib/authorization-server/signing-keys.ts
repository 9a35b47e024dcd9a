import { createHash, createPrivateKey, generateKeyPair, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import { ConflictError } from '../errors.js'
import type { Collection } from '../store/port.js'
import type { KeyRingRecord, SigningKeyEntry } from '../store/records.js'
import type { Emit } from './events.js'
import type { KeyEncryption } from './key-encryption.js'

/** The id of the one key ring of an account. */
export const KEY_RING_ID = 'keys'

/** How long a ring may be used before the store is asked again, in milliseconds: another process may have rotated. */
const RING_AGE = 30_000
const MAX_RINGS = 1_000

const generateRsa = promisify(generateKeyPair)

/** A public key as it is published (RFC 7517 §4, RFC 7518 §6.3.1). */
export interface PublicJwk {
  kty: 'RSA'
  n: string
  e: string
  alg: 'RS256'
  use: 'sig'
  kid: string
}

/** The key that signs now. */
export interface Signer {
  kid: string
  /** A JWT with these claims, by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3), which runs in the thread pool. */
  sign(claims: object): Promise<string>
}

/** The `typ` of what is signed; `at+jwt` is that of RFC 9068 §2.1. */
export type TokenType = 'at+jwt' | 'JWT'

/** The signing keys of every account: one key ring each, its first key made on first use. */
export interface SigningKeys {
  signer(account: string): Promise<Signer> | Signer
  /** Every key that may have signed a valid token or will sign one soon. */
  publicKeys(account: string): Promise<{ keys: PublicJwk[] }>
}

interface OpenRing {
  revision: number
  signer: Signer
  jwks: { keys: PublicJwk[] }
  checkedAt: number
}

/**
 * Reads and makes signing keys. Rings are cached for 30 seconds, 1 000 at most.
 * A ring that cannot be opened is an error, always: no new key is made in place of one that exists.
 */
export function createSigningKeys({
  rings,
  tokenType,
  encryption,
  clock,
  emit,
}: {
  rings: Collection<KeyRingRecord>
  tokenType: TokenType
  encryption: KeyEncryption
  clock: Clock
  emit: Emit
}): SigningKeys {
  const cache = new LRUCache<string, OpenRing>({ max: MAX_RINGS })
  const running = new Map<string, Promise<OpenRing>>()

  async function load(account: string): Promise<OpenRing> {
    const record = (await rings.get(account, KEY_RING_ID)) ?? (await createRing(account))
    const known = cache.get(account)
    const ring =
      known !== undefined && known.revision === record.revision
        ? { ...known, checkedAt: clock.now() }
        : await openRing(record)
    cache.set(account, ring)
    return ring
  }

  function ringOf(account: string): OpenRing | Promise<OpenRing> {
    const known = cache.get(account)
    const age = known === undefined ? Number.POSITIVE_INFINITY : clock.now() - known.checkedAt
    if (known !== undefined && age >= 0 && age < RING_AGE) return known
    let loading = running.get(account)
    if (loading === undefined) {
      loading = load(account).finally(() => running.delete(account))
      running.set(account, loading)
    }
    return loading
  }

  /** Several processes may come here at once: one insert succeeds, the others read what it wrote. */
  async function createRing(account: string): Promise<KeyRingRecord> {
    const now = new Date(clock.now())
    const entry = await createKey(account, now, encryption)
    try {
      const record = { id: KEY_RING_ID, account, revision: 1, createdAt: now, updatedAt: now, keys: [entry] }
      const stored = await rings.insert(record)
      emit({ type: 'signing_key_created', account, kid: entry.kid })
      return stored
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      const winner = await rings.get(account, KEY_RING_ID)
      if (winner === null) throw error
      return winner
    }
  }

  async function openRing(record: KeyRingRecord): Promise<OpenRing> {
    const { account, keys } = record
    const opened = await Promise.all(keys.map(key => openKey(account, key, encryption)))
    const current = keys.findIndex(key => key.state === 'current')
    const key = opened[current]
    if (key === undefined) throw new Error(`the key ring of account ${account} has no current key`)
    const stored = opened.some(({ outdated }) => outdated) ? await encryptRing(record, opened) : record
    return {
      revision: stored.revision,
      signer: createSigner(key, tokenType),
      jwks: { keys: keys.map(toPublicJwk) },
      checkedAt: clock.now(),
    }
  }

  /** Where another process was faster, its ring is read at the next look. */
  async function encryptRing(record: KeyRingRecord, opened: readonly OpenKey[]): Promise<KeyRingRecord> {
    const { account } = record
    const keys = await Promise.all(
      record.keys.map(async (key, i) => {
        const privateJwk = opened[i]?.privateJwk
        if (privateJwk === undefined) return key
        return { ...key, private_jwk: await encryption.encrypt(privateJwk, { account, kid: key.kid }) }
      }),
    )
    const stored = await rings.replace({ ...record, keys, updatedAt: new Date(clock.now()) }, record.revision)
    if (stored !== null) emit({ type: 'signing_keys_encrypted', account })
    return stored ?? record
  }

  return {
    signer(account) {
      const ring = ringOf(account)
      return ring instanceof Promise ? ring.then(({ signer }) => signer) : ring.signer
    },
    async publicKeys(account) {
      return (await ringOf(account)).jwks
    },
  }
}

interface OpenKey {
  kid: string
  privateJwk: string
  outdated: boolean
}

/** A public key's thumbprint: SHA-256 over the required members in order of their names (RFC 7638 §3). */
export function thumbprint({ e, kty, n }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url')
}

async function createKey(account: string, now: Date, encryption: KeyEncryption): Promise<SigningKeyEntry> {
  const { privateKey, publicKey } = await generateRsa('rsa', { modulusLength: 2048 })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const kid = thumbprint(publicJwk)
  const privateJwk = JSON.stringify(privateKey.export({ format: 'jwk' }))
  return {
    kid,
    state: 'current',
    created_at: now,
    public_jwk: JSON.stringify(publicJwk),
    private_jwk: await encryption.encrypt(privateJwk, { account, kid }),
  }
}

async function openKey(account: string, key: SigningKeyEntry, encryption: KeyEncryption): Promise<OpenKey> {
  const { kid } = key
  const { privateJwk, outdated } = await encryption.decrypt(key.private_jwk, { account, kid })
  const jwk: JsonWebKey = JSON.parse(privateJwk)
  if (thumbprint(jwk) !== kid || thumbprint(JSON.parse(key.public_jwk)) !== kid) {
    throw new Error(`a signing key of account ${account} is not the one its kid names`)
  }
  return { kid, privateJwk, outdated }
}

function toPublicJwk({ kid, public_jwk }: SigningKeyEntry): PublicJwk {
  const { n = '', e = '' }: JsonWebKey = JSON.parse(public_jwk)
  return { kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid }
}

/** As many as the thread pool has threads, unless it was told otherwise: a copy is locked while one of them signs. */
const COPIES = 4

function createSigner({ kid, privateJwk }: OpenKey, typ: TokenType): Signer {
  const key: JsonWebKey = JSON.parse(privateJwk)
  const copies = Array.from({ length: COPIES }, () => createPrivateKey({ key, format: 'jwk' }))
  const header = encode({ alg: 'RS256', typ, kid })
  let turn = 0
  return {
    kid,
    sign(claims) {
      const copy = copies[turn++ % COPIES] as KeyObject
      const input = `${header}.${encode(claims)}`
      return new Promise((resolve, reject) => {
        sign('sha256', Buffer.from(input), copy, (error, signature) => {
          if (error === null) resolve(`${input}.${signature.toString('base64url')}`)
          else reject(error)
        })
      })
    },
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
