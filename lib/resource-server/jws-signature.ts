import { verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type AsymmetricAlgorithm, algorithmTraits } from './algorithms.js'
import { type VerificationKey, verifyInput } from './jwk.js'

interface SignedJws {
  header: { alg: AsymmetricAlgorithm }
  signingInput: string
  signature: Buffer
}

/**
 * Does the signature hold by this key (RFC 7515 §5.2)? Its length is checked first, exactly: DER, padded or cut
 * signatures are none. The key must fit the algorithm. Checked on this thread.
 */
export function isSignedBy(jws: SignedJws, key: VerificationKey): boolean {
  return hasLength(jws, key) && verify(...verifyArguments(jws, key))
}

/**
 * Makes the same check, in the thread pool while it has room: so the other requests go on, and a second core helps.
 * @param maxJobs signatures in the pool at once, at most; beyond that they are checked on this thread
 */
export function createSignatureCheck(maxJobs: number) {
  let jobs = 0
  return function check(jws: SignedJws, key: VerificationKey): boolean | Promise<boolean> {
    if (jobs >= maxJobs || !hasLength(jws, key)) return isSignedBy(jws, key)
    return new Promise((resolve, reject) => {
      verify(...verifyArguments(jws, key), (error, isGood) => {
        jobs--
        if (error) reject(error)
        else resolve(isGood)
      })
      jobs++
    })
  }
}

/**
 * The check of the whole process. What else works in the pool (hashing of passwords, files, names) can hold up 64
 * requests and no more. Where there is one core, the way to the pool would only cost.
 */
export const checkSignature = createSignatureCheck(availableParallelism() > 1 ? 64 : 0)

function hasLength({ header: { alg }, signature }: SignedJws, key: VerificationKey): boolean {
  const { signatureLength = key.modulusBytes } = algorithmTraits(alg)
  return signature.length === signatureLength
}

function verifyArguments({ header: { alg }, signingInput, signature }: SignedJws, key: VerificationKey) {
  const data = Buffer.from(signingInput, 'latin1')
  return [algorithmTraits(alg).digest, data, verifyInput(key, alg), signature] as const
}
