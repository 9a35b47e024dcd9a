import { createVerify, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type AsymmetricAlgorithm, algorithmTraits } from '../contract/algorithms.js'
import { type VerificationKey, verifyInput } from '../keys/jwk.js'
import { decodedLength } from './base64url.js'

interface SignedJws {
  header: { alg: AsymmetricAlgorithm }
  signingInput: string
  /** Base64url, and spelled well. */
  signature: string
}

/** Where a signature is decoded that is checked on the spot: memory of its own for each makes a check a twentieth slower. */
let scratch = Buffer.alloc(0)

/**
 * Does the signature hold by this key (RFC 7515 §5.2)? Its length is checked first, exactly: DER, padded or cut
 * signatures are none. The key must fit the algorithm. Checked on this thread.
 */
export function isSignedBy(jws: SignedJws, key: VerificationKey): boolean {
  if (!hasLength(jws, key)) return false
  const { header, signingInput, signature } = jws
  const { digest } = algorithmTraits(header.alg)
  if (digest === null) return verify(...verifyArguments(jws, key))
  // On this thread a twelfth less than `verify`, and the text need not become bytes before.
  return createVerify(digest).update(signingInput, 'latin1').verify(verifyInput(key, header.alg), decodeHere(signature))
}

/** Checks in a row on this thread, at most, before one goes to find out whether others wait: on a busy machine it is gone for long. */
const MAX_ROW = 1_024

/**
 * Makes the same check where it is done sooner. The way to the thread pool and back costs a check that comes alone as
 * much again as the signature does; where many come at once it lets the other requests go on, and a second core helps.
 *
 * Whether others wait cannot be seen, but tried: now and then a check goes to the pool. If nobody comes while it is under
 * way, twice as many stay here before the next one goes; if somebody does, that one follows it, and so does every other
 * one until the pool is empty.
 *
 * @param maxJobs signatures in the pool at once, at most; beyond that they are checked on this thread
 * @param maxRow checks in a row on this thread, at most
 */
export function createSignatureCheck(maxJobs: number, maxRow = MAX_ROW) {
  let jobs = 0
  let isFollowed = false
  let row = 0
  let longestRow = maxRow

  function staysHere(): boolean {
    if (jobs === 0) return row++ < longestRow
    isFollowed = true
    return jobs >= maxJobs
  }

  function begin(): void {
    if (jobs === 0) isFollowed = false
    row = 0
    jobs++
  }

  function end(): void {
    jobs--
    if (jobs === 0) longestRow = Math.min(isFollowed ? 1 : longestRow * 2, maxRow)
  }

  return function check(jws: SignedJws, key: VerificationKey): boolean | Promise<boolean> {
    if (maxJobs === 0 || !hasLength(jws, key) || staysHere()) return isSignedBy(jws, key)
    return new Promise((resolve, reject) => {
      verify(...verifyArguments(jws, key), (error, isGood) => {
        end()
        if (error) reject(error)
        else resolve(isGood)
      })
      begin()
    })
  }
}

/**
 * The check of the whole process. What else works in the pool (hashing of passwords, files, names) can hold up 64
 * requests and no more. Where there is one core, the way to the pool would only cost.
 */
export const checkSignature = createSignatureCheck(availableParallelism() > 1 ? 64 : 0)

/** Until the next one is decoded. */
function decodeHere(signature: string): Buffer {
  const length = decodedLength(signature)
  if (scratch.length !== length) scratch = Buffer.alloc(length)
  scratch.write(signature, 0, 'base64url')
  return scratch
}

function hasLength({ header: { alg }, signature }: SignedJws, key: VerificationKey): boolean {
  const { signatureLength = key.modulusBytes } = algorithmTraits(alg)
  return decodedLength(signature) === signatureLength
}

function verifyArguments({ header: { alg }, signingInput, signature }: SignedJws, key: VerificationKey) {
  const data = Buffer.from(signingInput, 'latin1')
  return [algorithmTraits(alg).digest, data, verifyInput(key, alg), Buffer.from(signature, 'base64url')] as const
}
