import { createHash, type JsonWebKey } from 'node:crypto'
import { isDate } from 'node:util/types'
import { KeyRingError } from '../../errors.js'
import type { KeyRingRecord, KeyState, SigningKeyEntry } from '../../store/records.js'

/** A public key as it is published (RFC 7517 §4, RFC 7518 §6.3.1). */
export interface PublicJwk {
  kty: 'RSA'
  n: string
  e: string
  alg: 'RS256'
  use: 'sig'
  kid: string
}

/** A key of a ring with the times that it has in its state. */
export type DatedKey = SigningKeyEntry & { published_at: Date }

/** A key ring whose shape was checked. Its private keys are still as they are stored. */
export interface KeyRing {
  /** Without the keys that are gone. */
  record: Omit<KeyRingRecord, 'keys'> & { keys: DatedKey[] }
  current: DatedKey
  /** Absent in a ring of an earlier version. */
  next: DatedKey | undefined
  /** Keys that are still stored and that no valid token is signed by any more. */
  gone: readonly DatedKey[]
  /** What is published: every key that is not gone, whatever its state. */
  jwks: { keys: PublicJwk[] }
  /** The same for two rings with the same keys in the same states, however their private parts are stored. */
  identity: string
}

/**
 * How long a key is published after it was retired, in milliseconds: the longest life of a token, 30 days, and an hour for
 * processes that had not seen the rotation yet, and for clocks that differ.
 */
const PUBLISHED_AFTER = 30 * 86_400_000 + 3_600_000

const STATES: ReadonlySet<unknown> = new Set<KeyState>(['next', 'current', 'previous'])
const BASE64URL = /^[A-Za-z0-9_-]+$/

/**
 * Checks a ring as the store gives it. Opens no private key.
 * @param now milliseconds
 * @throws KeyRingError a member is missing or not what it must be, a public key is not the one that its kid names, not
 * exactly one key is current, or more than one is next; no text of the record stands in the message, and there is no cause
 * that could quote it
 */
export function readKeyRing(record: KeyRingRecord, now: number): KeyRing {
  const { account, keys }: { account: string; keys: unknown } = record
  if (!Array.isArray(keys) || keys.length === 0) throw new KeyRingError(account, 'the key ring has no keys')
  const all = keys.map(key => withTimes(assertEntry(key, account), record))
  const current = findOne(all, 'current', account)
  if (current === undefined) throw new KeyRingError(account, 'the key ring has no current key')
  const entries = all.filter(key => goneAt(key) > now)
  return {
    record: { ...record, keys: entries },
    current,
    next: findOne(all, 'next', account),
    gone: all.filter(key => goneAt(key) <= now),
    jwks: { keys: entries.map(entry => toPublicJwk(entry, account)) },
    identity: entries.map(({ kid, state }) => `${state} ${kid}`).join(),
  }
}

function findOne(keys: readonly DatedKey[], wanted: KeyState, account: string): DatedKey | undefined {
  const [first, second] = keys.filter(({ state }) => state === wanted)
  if (second !== undefined) throw new KeyRingError(account, `the key ring has two ${wanted} keys`)
  return first
}

/** A ring of an earlier version has no times: its keys were published, and signed, since they were made. */
function withTimes(entry: SigningKeyEntry, { updatedAt }: KeyRingRecord): DatedKey {
  const { state, created_at, published_at = created_at, activated_at = created_at, retired_at = updatedAt } = entry
  if (state === 'next') return { ...entry, published_at }
  return { ...entry, published_at, activated_at, ...(state === 'previous' && { retired_at }) }
}

/** From when on no token of a key can live, in milliseconds; a key that may still sign has no such time. */
export function goneAt({ state, retired_at }: DatedKey): number {
  return state === 'previous' && retired_at !== undefined ? retired_at.getTime() + PUBLISHED_AFTER : Infinity
}

function assertEntry(entry: unknown, account: string): SigningKeyEntry {
  if (isEntry(entry)) return entry
  throw new KeyRingError(account, 'a member of a signing key is missing or of another type')
}

const isDateOrAbsent = (value: unknown): boolean => value === undefined || isDate(value)

function isEntry(entry: unknown): entry is SigningKeyEntry {
  if (typeof entry !== 'object' || entry === null) return false
  const members: Partial<Record<string, unknown>> = { ...entry }
  const { kid, state, created_at, public_jwk, private_jwk, published_at, activated_at, retired_at } = members
  const texts = [kid, public_jwk, private_jwk].every(text => typeof text === 'string')
  const times = [published_at, activated_at, retired_at].every(isDateOrAbsent)
  return texts && times && STATES.has(state) && isDate(created_at)
}

function toPublicJwk({ kid, public_jwk }: SigningKeyEntry, account: string): PublicJwk {
  const { n, e } = readRsaJwk(public_jwk, ['n', 'e'], { account, kid })
  return { kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid }
}

/**
 * Reads a JWK from its JSON text: these members of it, as text.
 * @throws KeyRingError it is no JSON, no RSA key, lacks a member, or is not the key that `kid` names
 */
export function readRsaJwk<M extends string>(
  text: string,
  members: readonly (M | 'n' | 'e')[],
  { account, kid }: { account: string; kid: string },
): Record<M | 'n' | 'e', string> & { kty: 'RSA' } {
  const jwk = parseObject(text, account)
  const fits = jwk['kty'] === 'RSA' && members.every(name => BASE64URL.test(textOf(jwk[name])))
  if (!fits) throw new KeyRingError(account, 'a signing key is not an RSA key as a JWK')
  const read = Object.fromEntries(members.map(name => [name, textOf(jwk[name])])) as Record<M | 'n' | 'e', string>
  if (thumbprint({ ...read, kty: 'RSA' }) !== kid) {
    throw new KeyRingError(account, 'a signing key is not the one its kid names')
  }
  return { ...read, kty: 'RSA' }
}

/** What `JSON.parse` says quotes what it read, and that may be a private key: it goes no further. */
function parseObject(text: string, account: string): Partial<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Told below, without the text.
  }
  throw new KeyRingError(account, 'a signing key is not a JSON object')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A public key's thumbprint: SHA-256 over the required members in order of their names (RFC 7638 §3). */
export function thumbprint({ e, kty, n }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url')
}
