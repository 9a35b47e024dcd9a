import { randomBytes } from 'node:crypto'

/** Characters of an id behind its prefix, and those of them that hold its time. */
const LENGTH = 26
export const ID_TIME = 10

/** Crockford's base 32 in lower case: digits and letters in ascending byte order, without i, l, o, u. */
export const ID_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

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
    text = ID_ALPHABET[Number(bits & 31n)] + text
    bits >>= 5n
  }
  return prefix + text
}

/** When an id was made, in milliseconds since the epoch; undefined: it is none with this prefix. */
export function timeOfId(prefix: string, id: string): number | undefined {
  if (!id.startsWith(prefix) || id.length !== prefix.length + LENGTH) return undefined
  let time = 0
  for (let at = prefix.length; at < prefix.length + ID_TIME; at++) {
    const digit = ID_ALPHABET.indexOf(id.charAt(at))
    if (digit < 0) return undefined
    time = time * ID_ALPHABET.length + digit
  }
  return time
}
