import { createHmac, generateKeyPairSync, type KeyObject, constants as padding, sign } from 'node:crypto'

/** A key pair of an issuer in a test: what signs, and what is published. */
export interface TestKey {
  alg: string
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  /** The public JWK with `kid`, `alg` and `use`. */
  jwk: Record<string, unknown>
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

/** Makes a key pair for an algorithm. */
export function createKey(alg: string, kid: string, modulusLength = 2048): TestKey {
  const { privateKey, publicKey } = generate(alg, modulusLength)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
  return { alg, kid, privateKey, publicKey, jwk }
}

function generate(alg: string, modulusLength: number): { privateKey: KeyObject; publicKey: KeyObject } {
  const namedCurve = CURVES[alg]
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve })
  if (alg.startsWith('Ed')) return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength })
}

/** The same pair under other words: another `kid`, another `alg`. */
export function renameKey(key: TestKey, changes: { kid?: string; alg?: string }): TestKey {
  return { ...key, ...changes, jwk: { ...key.jwk, ...changes } }
}

const made = new Map<string, TestKey>()

/** A key pair that tests may share, made once in a run. */
export function sharedKey(alg = 'RS256', kid = `${alg}-1`): TestKey {
  const name = `${alg} ${kid}`
  const known = made.get(name) ?? createKey(alg, kid)
  made.set(name, known)
  return known
}

/** The signature of an algorithm over a text, as JWS wants it (RFC 7518 §3). */
export function signWith(alg: string, key: KeyObject, text: string): Buffer {
  const digest = `sha${alg.slice(2)}`
  const data = Buffer.from(text)
  switch (alg.slice(0, 2)) {
    case 'HS':
      return createHmac(digest, key).update(data).digest()
    case 'ES':
      return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' })
    case 'PS':
      return sign(digest, data, {
        key,
        padding: padding.RSA_PKCS1_PSS_PADDING,
        saltLength: padding.RSA_PSS_SALTLEN_DIGEST,
      })
    case 'Ed':
      return sign(null, data, key)
    default:
      return sign(digest, data, key)
  }
}
