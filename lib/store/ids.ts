import { randomBytes } from 'node:crypto'

/** Characters of an id behind its prefix, and those of them that hold its time. */
const LENGTH = 26
const TIME = 10

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
  for (let i = 0; i < LENGTH; i++) {
    text = ALPHABET[Number(bits & 31n)] + text
    bits >>= 5n
  }
  return prefix + text
}

/** When an id was made, in milliseconds since the epoch; undefined: it is none with this prefix. */
export function timeOfId(prefix: string, id: string): number | undefined {
  if (!id.startsWith(prefix) || id.length !== prefix.length + LENGTH) return undefined
  let time = 0
  for (let at = prefix.length; at < prefix.length + TIME; at++) {
    const digit = ALPHABET.indexOf(id.charAt(at))
    if (digit < 0) return undefined
    time = time * ALPHABET.length + digit
  }
  return time
}
