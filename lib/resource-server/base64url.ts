import { refuse } from './refuse.js'

/** Characters a token may have. */
export const MAX_TOKEN_LENGTH = 16_384

/** Where all is decoded, one after the other: some allocations less for each token. */
const scratch = Buffer.alloc(MAX_TOKEN_LENGTH)

/** Last characters that leave no stray bits, by the length's rest. */
const LAST = { 0: /./, 2: /[AQgw]$/, 3: /[AEIMQUYcgkosw048]$/ } as const

/**
 * The bytes behind their one base64url spelling, without padding or stray bits (RFC 7515 §2, RFC 4648 §3.5).
 * They are good until the next call.
 *
 * @param text at most {@link MAX_TOKEN_LENGTH} characters
 * @throws InvalidTokenError
 */
export function decode(text: string): Buffer {
  const length = scratch.write(text, 0, 'base64url')
  const rest = text.length % 4
  // Decoding passes over what does not belong, and so comes out shorter; but for the letters of plain base64.
  const isWhole = length > 0 && length === Math.floor((text.length * 3) / 4)
  if (!isWhole || rest === 1 || text.includes('+') || text.includes('/')) throw refuse('base64url')
  if (!LAST[rest as keyof typeof LAST].test(text)) throw refuse('base64url')
  return scratch.subarray(0, length)
}
