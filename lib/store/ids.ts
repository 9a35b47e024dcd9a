import { randomBytes } from 'node:crypto'

/** Crockford's base 32 in lower case: digits and letters in ascending byte order, without i, l, o, u. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A new id: the prefix, then 48 bits of time and 80 random bits as 26 characters. Ids made later sort later
 * (to the millisecond), and none can be guessed from another.
 *
 * @param now milliseconds since the epoch
 */
export function createId(prefix: string, now: number): string {
  let bits = (BigInt(Math.floor(now)) << 80n) | BigInt(`0x${randomBytes(10).toString('hex')}`)
  let text = ''
  for (let i = 0; i < 26; i++) {
    text = ALPHABET[Number(bits & 31n)] + text
    bits >>= 5n
  }
  return prefix + text
}
