import { createPrivateKey, generatePrime, type JsonWebKey, type KeyObject } from 'node:crypto'

/** An issuer's key pair; the public half as a JWK without `kid`. */
export interface RsaPair {
  privateKey: KeyObject
  publicJwk: { kty: 'RSA'; n: string; e: string }
}

const PRIME_BITS = 1_024
const EXPONENT = 65_537n

const primes: Promise<bigint>[] = []
let first = 0
let second = 1

/**
 * Makes a 2048-bit RSA pair that nobody had before. Two primes of a pool make one, and the pool grows as it must: ten
 * primes are good for forty-five pairs, since a pair from scratch takes a fifth of a second.
 *
 * Pairs may have a prime in common, so two public keys of one process give both private ones away: good for tests alone.
 */
export async function createRsaPair(): Promise<RsaPair> {
  const wanted = [first, second] as const
  first++
  if (first === second) {
    first = 0
    second++
  }
  const [p, q] = await Promise.all(wanted.map(primeAt))
  return pairOf(p as bigint, q as bigint)
}

function primeAt(index: number): Promise<bigint> {
  primes[index] ??= createPrime()
  return primes[index]
}

/** Its two highest bits are set, so that two of them make 2048 bits. */
async function createPrime(): Promise<bigint> {
  for (;;) {
    const prime = await new Promise<bigint>((resolve, reject) => {
      generatePrime(PRIME_BITS, { bigint: true }, (error, found) => (error ? reject(error) : resolve(found)))
    })
    if (prime % EXPONENT !== 1n) return prime
  }
}

/** RFC 8017 §3.2 */
function pairOf(p: bigint, q: bigint): RsaPair {
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n))
  const publicJwk = { kty: 'RSA', n: encode(p * q), e: encode(EXPONENT) } as const
  const halves = { p: encode(p), q: encode(q), dp: encode(d % (p - 1n)), dq: encode(d % (q - 1n)) }
  const key: JsonWebKey = { ...publicJwk, ...halves, d: encode(d), qi: encode(inverse(q, p)) }
  return { privateKey: createPrivateKey({ key, format: 'jwk' }), publicJwk }
}

/** The number that times the value is 1, modulo the modulus (Euclid's algorithm, extended). */
function inverse(value: bigint, modulus: bigint): bigint {
  let [rest, nextRest, factor, nextFactor] = [modulus, value % modulus, 0n, 1n]
  while (nextRest !== 0n) {
    const quotient = rest / nextRest
    ;[rest, nextRest] = [nextRest, rest - quotient * nextRest]
    ;[factor, nextFactor] = [nextFactor, factor - quotient * nextFactor]
  }
  return factor < 0n ? factor + modulus : factor
}

/** Base64urlUInt (RFC 7518 §2). */
function encode(number: bigint): string {
  const hex = number.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}
