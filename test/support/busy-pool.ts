import { pbkdf2 } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { readKey } from '../../lib/resource-server/keys/jwk.js'
import { checkSignature } from '../../lib/resource-server/token/jws-signature.js'
import { sharedKey } from './keys.js'
import { mintToken } from './mint-token.js'

const THREADS = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)

/** Gives every thread of Node's pool a tenth of a second of work and more. Resolves when the first one is free again. */
export function occupyPool(): Promise<void> {
  const jobs = Array.from({ length: THREADS }, () => {
    return new Promise<void>((resolve, reject) => {
      pbkdf2('password', 'salt', 300_000, 32, 'sha256', error => (error ? reject(error) : resolve()))
    })
  })
  return Promise.race(jobs)
}

/** With one core no signature is checked in the pool. */
export const HAS_POOL = availableParallelism() > 1

/** A signed token, taken apart as far as a check of its signature needs it. */
export function signedJws(alg: 'RS256' | 'PS256' | 'ES256' | 'EdDSA') {
  const shared = sharedKey(alg)
  const token = mintToken({ key: shared, header: { alg } })
  const dot = token.lastIndexOf('.')
  const signature = token.slice(dot + 1)
  return { jws: { header: { alg }, signingInput: token.slice(0, dot), signature }, key: readKey(shared.jwk) }
}

/**
 * Has a check of the process go to the pool: so does every further one until this one is done, in a later turn at the
 * earliest. Resolves then.
 */
export async function beginCrowd(): Promise<void> {
  const { jws, key } = signedJws('RS256')
  while (HAS_POOL) {
    const found = checkSignature(jws, key)
    if (found instanceof Promise) return found.then(() => undefined)
  }
}
