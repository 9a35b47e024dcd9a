/** What decoding would change. */
const ENCODED = /[%+]/

/**
 * Decodes a name or a value of a form (application/x-www-form-urlencoded).
 * @throws URIError a broken escape, or bytes that are not UTF-8: nothing is replaced
 */
export function decodeForm(text: string): string {
  return ENCODED.test(text) ? decodeURIComponent(text.replaceAll('+', ' ')) : text
}
