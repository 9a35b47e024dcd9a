import { createHash } from 'node:crypto'
import { InvalidDpopProofError, InvalidTokenError, UseDpopNonceError } from '../../errors.js'
import { parseJson } from '../../http/json.js'
import { type AsymmetricAlgorithm, isAsymmetricAlgorithm } from '../algorithms.js'
import { createJwsReader, readObject } from '../compact-jws.js'
import { fits, readKey, SkippedKey, type VerificationKey } from '../jwk.js'
import { isSignedBy } from '../jws-signature.js'
import type { DpopSettings } from './options.js'
import { normalizeHtu } from './request-url.js'

/** How far ahead of ours the clock of a client may be, in milliseconds (RFC 9449 §11.1). */
const MAX_AHEAD = 30_000
/** Bytes of an RSA modulus, at most: a longer one would cost us more than its client. */
const MAX_MODULUS = 512
/** Headers kept as read: those of so many clients, whose keys stay. */
const MAX_HEADERS = 1_000

/** What a proof is about. */
export interface ProofContext {
  proof: string
  /** The access token that came with it. */
  token: string
  method: string
  /** From {@link requestUrl}. */
  url: string
}

/** A proof that is good, if it was not used before. */
export interface AcceptedProof {
  /** The RFC 7638 thumbprint of the client's key. */
  jkt: string
  /** For the replay store. */
  id: string
  /** Milliseconds since the epoch: from then on the proof is too old anyhow. */
  expiresAt: number
  /** The nonce for the next proof, where it is another one. */
  nextNonce?: string
}

interface ProofHeader {
  alg: AsymmetricAlgorithm
  key: VerificationKey
  jkt: string
}

/** @param detail the rule that refused; for events, not for the client */
export function invalidProof(detail: string): InvalidDpopProofError {
  return new InvalidDpopProofError('The DPoP proof is missing or invalid', { detail: `dpop_${detail}` })
}

/**
 * Makes the check of RFC 9449 §4.3, but for the replay and the binding to the token.
 * The check throws InvalidDpopProofError, UseDpopNonceError.
 */
export function createProofCheck(settings: DpopSettings): (context: ProofContext) => AcceptedProof {
  const readJws = createJwsReader(text => readHeader(text, settings.algorithms), MAX_HEADERS)

  function readProof(proof: string): { header: ProofHeader; payload: Record<string, unknown> } {
    try {
      const jws = readJws(proof)
      if (!isSignedBy(jws, jws.header.key)) throw invalidProof('signature')
      return jws
    } catch (error) {
      throw error instanceof InvalidTokenError ? invalidProof(error.detail ?? 'unreadable') : error
    }
  }

  return function checkProof({ proof, token, method, url }) {
    const { header, payload } = readProof(proof)
    const { jti, htm, htu, ath } = payload
    if (typeof jti !== 'string' || jti === '') throw invalidProof('jti')
    if (htm !== method) throw invalidProof('htm')
    if (typeof htu !== 'string' || normalizeHtu(htu) !== url) throw invalidProof('htu')
    if (ath !== sha256(token)) throw invalidProof('ath')
    return { jkt: header.jkt, id: sha256(`${header.jkt}.${jti}`), ...timesOf(payload, settings) }
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

function readHeader(text: string, algorithms: ReadonlySet<AsymmetricAlgorithm>): ProofHeader {
  const { alg, typ, jwk, crit, b64 } = readObject(text, parseJson)
  if (typ !== 'dpop+jwt') throw invalidProof('type')
  if (typeof alg !== 'string' || !isAsymmetricAlgorithm(alg) || !algorithms.has(alg)) throw invalidProof('algorithm')
  if (crit !== undefined || b64 !== undefined) throw invalidProof('critical')
  const key = readProofKey(jwk)
  if (!fits(key, alg) || key.modulusBytes > MAX_MODULUS) throw invalidProof('key')
  return { alg, key, jkt: sha256(key.material) }
}

function readProofKey(jwk: unknown): VerificationKey {
  try {
    return readKey(jwk)
  } catch (error) {
    throw invalidProof(error instanceof SkippedKey ? `key_${error.code}` : 'key')
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
