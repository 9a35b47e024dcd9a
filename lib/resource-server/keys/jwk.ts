import { constants, createPublicKey, type JsonWebKey, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto'
import {
  type AsymmetricAlgorithm,
  algorithmTraits,
  isAsymmetricAlgorithm,
  isSameAlgorithm,
} from '../contract/algorithms.js'
import { memoize } from '../../memoize.js'
import { isWeakRsa } from './weak-rsa.js'

/** Keys of one set that are looked at, at most. */
const MAX_KEYS = 200
/** Characters of a `kid`, at most: no token's header has room for much more. */
const MAX_KID = 1_024
/** Characters of an issuer, at most. */
const MAX_ISSUER = 600
/** Characters of a member, at most: the modulus of the longest RSA key, with a zero before it. */
const MAX_MEMBER = 2_732

/** What a JWK says of a public key: the members by which RFC 7638 §3 knows it, and what it may be used for. */
export interface PublicJwk {
  readonly kid: string | undefined
  readonly alg: string | undefined
  readonly kty: string
  readonly crv: string | undefined
  /** Whose tokens it signs, where it says so: Entra's keys of many tenants do. */
  readonly issuer?: string | undefined
  /** The public members, as RFC 7638 §3 writes them: the same material is the same key. */
  readonly material: string
}

/** A public key of an issuer, ready to verify with. */
export interface VerificationKey extends PublicJwk {
  readonly keyObject: KeyObject
  /** RSA: length of a signature in bytes. */
  readonly modulusBytes: number
  /** Does the key stand in the issuer's set still? What it verified is forgotten when it does not. */
  live: boolean
}

/** Why a key is of no use here; the code is that of the event. */
export class SkippedKey extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/**
 * Reads the usable keys of a set (RFC 7517 §5: what is not understood is passed over). One odd entry never spoils the set.
 * @param skip told of each entry that is passed over
 */
export function readKeys(jwks: readonly unknown[], skip: (code: string, kid?: string) => void): VerificationKey[] {
  return jwks.slice(0, MAX_KEYS).flatMap(jwk => {
    try {
      return [readKey(jwk)]
    } catch (error) {
      const kid = (jwk as { kid?: unknown } | null)?.kid
      const known = typeof kid === 'string' && kid.length <= 200 ? kid : undefined
      skip(error instanceof SkippedKey ? error.code : 'corrupt', known)
      return []
    }
  })
}

/** @throws SkippedKey; what `crypto` throws for a corrupt one */
export function readKey(jwk: unknown): VerificationKey {
  return createKey(readJwk(jwk))
}

/** Reads a JWK by its looks alone, which costs next to nothing; {@link createKey} finds out what it is good for. @throws SkippedKey */
export function readJwk(jwk: unknown): PublicJwk {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw new SkippedKey('not_an_object')
  const members = jwk as Record<string, unknown>
  const { kty, crv } = members
  const [kid, alg, use, operations] = ['kid', 'alg', 'use', 'key_ops'].map(name => members[name] ?? undefined)
  if (kid !== undefined && !(typeof kid === 'string' && kid.length <= MAX_KID)) throw new SkippedKey('kid')
  if ('d' in members || 'k' in members) throw new SkippedKey(kty === 'oct' ? 'key_type' : 'private')
  if (use !== undefined && use !== 'sig') throw new SkippedKey('use')
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw new SkippedKey('key_ops')
  }
  if (alg !== undefined && !(typeof alg === 'string' && isAsymmetricAlgorithm(alg))) throw new SkippedKey('alg')
  const material = JSON.stringify(publicMembers(members))
  return {
    kid,
    alg,
    kty: String(kty),
    crv: typeof crv === 'string' ? crv : undefined,
    issuer: issuerOf(members),
    material,
  }
}

/** What is no issuer is that of no token. */
function issuerOf({ issuer }: Record<string, unknown>): string | undefined {
  if (issuer === undefined || issuer === null) return undefined
  return typeof issuer === 'string' && issuer.length <= MAX_ISSUER ? issuer : ''
}

/** @throws SkippedKey; what `crypto` throws for a corrupt one */
export function createKey(jwk: PublicJwk): VerificationKey {
  const key = jwkOf(jwk)
  const keyObject = createPublicKey({ key, format: 'jwk' })
  const { modulusLength: bits = 0, publicExponent = 0n } = keyObject.asymmetricKeyDetails ?? {}
  if (key.kty === 'RSA' && isWeakRsa(key.n ?? '', bits, publicExponent)) throw new SkippedKey('weak')
  return { ...jwk, keyObject, modulusBytes: Math.ceil(bits / 8), live: true }
}

/** The JWK again, with the members that matter here. */
export function jwkOf({ material, kid, alg, issuer }: PublicJwk): JsonWebKey {
  return {
    ...JSON.parse(material),
    ...(kid !== undefined && { kid }),
    ...(alg !== undefined && { alg }),
    ...(issuer !== undefined && { issuer }),
  }
}

/** In the order of RFC 7638 §3.2, and RFC 8037 §2. */
const MEMBERS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['RSA', ['e', 'kty', 'n']],
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
])

const BASE64URL = /^[A-Za-z0-9_-]+$/

function publicMembers(jwk: Record<string, unknown>): Record<string, string> {
  const { kty } = jwk
  const names = MEMBERS.get(kty)
  if (names === undefined) throw new SkippedKey('key_type')
  const members: Record<string, string> = {}
  for (const name of names) {
    const value = jwk[name]
    const isText = name === 'crv' || name === 'kty'
    if (typeof value !== 'string' || !(isText || BASE64URL.test(value))) throw new SkippedKey('corrupt')
    if (value.length > MAX_MEMBER) throw new SkippedKey(kty === 'RSA' ? 'weak' : 'corrupt')
    members[name] = value
  }
  return members
}

/** May this key verify this algorithm: by its type, its curve and its own `alg` (RFC 8725 §3.1)? */
export function fits(key: PublicJwk, algorithm: AsymmetricAlgorithm): boolean {
  const { kty, crv } = algorithmTraits(algorithm)
  if (key.kty !== kty || (crv !== undefined && key.crv !== crv)) return false
  return key.alg === undefined || isSameAlgorithm(key.alg, algorithm)
}

const inputs = new WeakMap<VerificationKey, Map<string, KeyObject | VerifyKeyObjectInput>>()

/** The key as `crypto.verify` wants it for an algorithm. */
export function verifyInput(key: VerificationKey, algorithm: AsymmetricAlgorithm): KeyObject | VerifyKeyObjectInput {
  const known = memoize(inputs, key, () => new Map<string, KeyObject | VerifyKeyObjectInput>())
  return memoize(known, algorithm, () => createInput(key, algorithm))
}

function createInput(key: VerificationKey, algorithm: AsymmetricAlgorithm): KeyObject | VerifyKeyObjectInput {
  const { kty, pss } = algorithmTraits(algorithm)
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
  if (pss === true) return { key: key.keyObject, padding, saltLength }
  // RFC 7518 §3.4: R and S next to each other, not DER.
  return kty === 'EC' ? { key: key.keyObject, dsaEncoding: 'ieee-p1363' } : key.keyObject
}
