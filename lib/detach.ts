/** Beyond what one byte holds. */
const WIDE = /[\u0100-\uffff]/

/**
 * Copies a text that is kept for longer than a request. A part of a longer text keeps the whole of it in memory, a header or
 * a body; so does one that was put together of such parts.
 */
export function detach(text: string): string {
  const encoding = WIDE.test(text) ? 'utf16le' : 'latin1'
  return Buffer.from(text, encoding).toString(encoding)
}
