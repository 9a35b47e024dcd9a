import { isUtf8 } from 'node:buffer'
import { refuse } from '../contract/refuse.js'

/** Characters a token may have. */
export const MAX_TOKEN_LENGTH = 16_384

/** Where texts are decoded, one after the other: an allocation less for each. */
const scratch = Buffer.alloc(MAX_TOKEN_LENGTH)

/** Last characters that leave no stray bits, where the last group has two or three. */
const LAST_OF_TWO = 'AQgw'
const LAST_OF_THREE = 'AEIMQUYcgkosw048'

/**
 * Is this the one base64url spelling of some bytes, without padding or stray bits (RFC 7515 §2, RFC 4648 §3.5)?
 * @param text at most {@link MAX_TOKEN_LENGTH} characters
 * @throws InvalidTokenError
 */
export function assertBase64url(text: string): void {
  assertSpelling(text, scratch.write(text, 0, 'base64url'))
}

/** How many bytes such a text stands for. */
export const decodedLength = (text: string): number => Math.floor((text.length * 3) / 4)

/**
 * The text behind its one spelling, as UTF-8.
 * @param text at most {@link MAX_TOKEN_LENGTH} characters
 * @throws InvalidTokenError
 */
export function decodeText(text: string): string {
  const length = scratch.write(text, 0, 'base64url')
  assertSpelling(text, length)
  const decoded = scratch.toString('utf8', 0, length)
  // What stands for broken bytes may also stand for itself.
  if (decoded.includes('\ufffd') && !isUtf8(scratch.subarray(0, length))) throw refuse('not_json')
  return decoded
}

/** Decoding passes over what does not belong, and so comes out shorter; but for the letters of plain base64. */
function assertSpelling(text: string, length: number): void {
  const rest = text.length % 4
  const isWhole = length > 0 && rest !== 1 && length === decodedLength(text)
  if (!isWhole || text.includes('+') || text.includes('/') || hasStrayBits(text, rest)) throw refuse('base64url')
}

function hasStrayBits(text: string, rest: number): boolean {
  if (rest === 0) return false
  return !(rest === 2 ? LAST_OF_TWO : LAST_OF_THREE).includes(text.charAt(text.length - 1))
}
