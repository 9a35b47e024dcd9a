const MIN_BITS = 2048
/** What OpenSSL verifies with, at most; beyond it a key would only cost time. */
const MAX_BITS = 16_384
/** Above it a key costs more with each bit, up to a hundred times as much; the exponent in use everywhere has 17. */
const MAX_EXPONENT = 2n ** 32n - 1n

/** The odd primes below 168: enough to tell a ROCA modulus from any other with a doubt of one in a hundred million. */
const PRIMES = Array.from({ length: 165 }, (_, at) => at + 3).filter(isPrime)

/** What the powers of 65537 are, modulo each prime. */
const POWERS = PRIMES.map(prime => ({ prime: BigInt(prime), residues: powersOf(65_537 % prime, prime) }))

/**
 * Is an RSA key not to be used: too short or too costly, with an exponent by which everybody can sign (RFC 8017 §3.1), or from the
 * generator whose keys can be factored (ROCA, CVE-2017-15361)?
 *
 * @param modulus base64url
 */
export function isWeakRsa(modulus: string, bits: number, exponent: bigint): boolean {
  if (bits < MIN_BITS || bits > MAX_BITS) return true
  if (exponent < 3n || exponent > MAX_EXPONENT || exponent % 2n === 0n) return true
  const n = BigInt(`0x${Buffer.from(modulus, 'base64url').toString('hex')}`)
  return POWERS.every(({ prime, residues }) => residues.has(Number(n % prime)))
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false
  return true
}

function powersOf(base: number, modulus: number): ReadonlySet<number> {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * base) % modulus) powers.add(power)
  return powers
}
