import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { InvalidDpopProofError, InvalidTokenError, UseDpopNonceError } from '../../errors.js'
import { parseJson } from '../../http/json.js'
import { memoize } from '../../memoize.js'
import { type AsymmetricAlgorithm, isAsymmetricAlgorithm } from '../contract/algorithms.js'
import { assertBase64url } from '../token/base64url.js'
import { readObject, splitJws } from '../token/compact-jws.js'
import { createKey, fits, type PublicJwk, readJwk, SkippedKey, type VerificationKey } from '../keys/jwk.js'
import { isSignedBy } from '../token/jws-signature.js'
import { refuse } from '../contract/refuse.js'
import type { DpopSettings } from './options.js'
import { normalizeHtu } from './request-url.js'

/** How far ahead of ours the clock of a client may be, in milliseconds (RFC 9449 §11.1). */
const MAX_AHEAD = 30_000
/** Bytes of an RSA modulus, at most: a longer one would cost us more than its client. */
const MAX_MODULUS = 512
/** Characters of a proof, at most: one with the longest key and a long URL has half of them. Reading costs by the length. */
const MAX_LENGTH = 8_192
/** Keys that are kept ready, at most: those of so many clients, each for a token that is bound to it. */
const MAX_KEYS = 1_000

/** What a proof is about. */
export interface ProofContext {
  proof: string
  /** The access token that came with it. */
  token: string
  /** The RFC 7638 thumbprint of the key that the token is bound to. */
  bound: string
  method: string
  /** From {@link requestUrl}. */
  url: string
}

/** A proof that is good, if it was not used before. */
export interface AcceptedProof {
  /** For the replay store. */
  id: string
  /** Milliseconds since the epoch: from then on the proof is too old anyhow. */
  expiresAt: number
  /** The nonce for the next proof, where it is another one. */
  nextNonce?: string
}

/** @param detail the rule that refused; for events, not for the client */
export function invalidProof(detail: string): InvalidDpopProofError {
  return new InvalidDpopProofError('The DPoP proof is missing or invalid', { detail: `dpop_${detail}` })
}

/**
 * Makes the check of RFC 9449 §4.3, but for the replay. Whether the key is that of the token is found out by its looks,
 * before anything is done with it: so only who got a token for a key can have us work with that key.
 * The check throws InvalidDpopProofError, UseDpopNonceError, and InvalidTokenError where the token is bound to another key.
 */
export function createProofCheck(settings: DpopSettings): (context: ProofContext) => AcceptedProof {
  const keys = new LRUCache<string, VerificationKey>({ max: MAX_KEYS })

  return function checkProof({ proof, token, bound, method, url }) {
    if (proof.length > MAX_LENGTH) throw invalidProof('too_long')
    const parts = asProof(() => splitJws(proof))
    const { alg, jwk } = asProof(() => readHeader(parts.header, settings.algorithms))
    if (sha256(jwk.material) !== bound) throw refuse('dpop_binding')
    const payload = asProof(() => readObject(parts.payload, JSON.parse))
    asProof(() => assertBase64url(parts.signature))
    const signed = { header: { alg }, signingInput: parts.signingInput, signature: parts.signature }
    const key = memoize<string, VerificationKey>(keys, bound, () => createProofKey(jwk))
    if (!isSignedBy(signed, key)) throw invalidProof('signature')
    const { jti, htm, htu, ath } = payload
    if (typeof jti !== 'string' || jti === '') throw invalidProof('jti')
    if (htm !== method) throw invalidProof('htm')
    if (typeof htu !== 'string' || normalizeHtu(htu) !== url) throw invalidProof('htu')
    if (ath !== sha256(token)) throw invalidProof('ath')
    return { id: sha256(`${bound}.${jti}`), ...timesOf(payload, settings) }
  }
}

/** What cannot be read is no proof; of the token nothing is said. */
function asProof<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof InvalidTokenError ? invalidProof(error.detail ?? 'unreadable') : error
  }
}

/** By its nonce, or by the client's clock (RFC 9449 §4.3, 11): when is a proof too old? @throws where it is by now */
function timesOf(
  { iat, nonce }: Record<string, unknown>,
  { nonces, clock, maxAge }: DpopSettings,
): Pick<AcceptedProof, 'expiresAt' | 'nextNonce'> {
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw invalidProof('iat')
  if (nonces !== undefined) {
    const current = nonces.current()
    if (!nonces.accepts(nonce)) throw nonceWanted(current)
    return { expiresAt: nonces.expiresAt(), ...(nonce !== current && { nextNonce: current }) }
  }
  const now = clock.now()
  const issuedAt = iat * 1000
  if (issuedAt > now + MAX_AHEAD || issuedAt + maxAge <= now) throw invalidProof('iat')
  return { expiresAt: issuedAt + maxAge }
}

function nonceWanted(nonce: string): UseDpopNonceError {
  const headers = { 'DPoP-Nonce': nonce }
  return new UseDpopNonceError('The DPoP proof needs the nonce of this answer', { detail: 'dpop_nonce', headers })
}

function readHeader(
  text: string,
  algorithms: ReadonlySet<AsymmetricAlgorithm>,
): { alg: AsymmetricAlgorithm; jwk: PublicJwk } {
  const { alg, typ, jwk: written, crit, b64 } = readObject(text, parseJson)
  if (typ !== 'dpop+jwt') throw invalidProof('type')
  if (typeof alg !== 'string' || !isAsymmetricAlgorithm(alg) || !algorithms.has(alg)) throw invalidProof('algorithm')
  if (crit !== undefined || b64 !== undefined) throw invalidProof('critical')
  const jwk = readWith(() => readJwk(written))
  if (!fits(jwk, alg)) throw invalidProof('key')
  return { alg, jwk }
}

/** What the JWK says besides its members belongs to one proof, and the key to all of them. */
function createProofKey({ material, kty, crv }: PublicJwk): VerificationKey {
  const key = readWith(() => createKey({ material, kty, crv, kid: undefined, alg: undefined }))
  if (key.modulusBytes > MAX_MODULUS) throw invalidProof('key')
  return key
}

function readWith<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw invalidProof(error instanceof SkippedKey ? `key_${error.code}` : 'key')
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
