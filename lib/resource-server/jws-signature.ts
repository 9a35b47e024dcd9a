import { verify } from 'node:crypto'
import { type AsymmetricAlgorithm, algorithmTraits } from './algorithms.js'
import type { CompactJws } from './compact-jws.js'
import { type VerificationKey, verifyInput } from './jwk.js'

type SignedJws = Pick<CompactJws<{ alg: AsymmetricAlgorithm }>, 'header' | 'signingInput' | 'signature'>

/**
 * Signatures that are in the thread pool at once, at most, of the whole process: what else works there (hashing of
 * passwords, files, names) can hold up so many requests and no more.
 */
const MAX_JOBS = 64
let jobs = 0

/**
 * Does the signature hold by this key (RFC 7515 §5.2)? Its length is checked first, exactly: DER, padded or cut
 * signatures are none. The key must fit the algorithm. Checked on this thread.
 */
export function isSignedBy(jws: SignedJws, key: VerificationKey): boolean {
  return hasLength(jws, key) && verify(...verifyArguments(jws, key))
}

/** The same, and in the thread pool while it has room: so the other requests go on, and a second core helps. */
export function checkSignature(jws: SignedJws, key: VerificationKey): boolean | Promise<boolean> {
  if (jobs >= MAX_JOBS || !hasLength(jws, key)) return isSignedBy(jws, key)
  return new Promise((resolve, reject) => {
    verify(...verifyArguments(jws, key), (error, isGood) => {
      jobs--
      if (error) reject(error)
      else resolve(isGood)
    })
    jobs++
  })
}

function hasLength({ header: { alg }, signature }: SignedJws, key: VerificationKey): boolean {
  const { signatureLength = key.modulusBytes } = algorithmTraits(alg)
  return signature.length === signatureLength
}

function verifyArguments({ header: { alg }, signingInput, signature }: SignedJws, key: VerificationKey) {
  const data = Buffer.from(signingInput, 'latin1')
  return [algorithmTraits(alg).digest, data, verifyInput(key, alg), signature] as const
}
