/** What decoding would change. */
const ENCODED = /[%+]/

/**
 * Decodes a name or a value of a form (application/x-www-form-urlencoded).
 * @throws URIError a broken escape, or bytes that are not UTF-8: nothing is replaced
 */
export function decodeForm(text: string): string {
  return ENCODED.test(text) ? decodeURIComponent(text.replaceAll('+', ' ')) : text
}

/** One parameter of a query or a form, in its place. */
export interface Pair {
  /** undefined: cannot be decoded. */
  name: string | undefined
  /** undefined: cannot be decoded, or is no text. */
  value: string | undefined
}

/**
 * Takes a query or a form apart, repeats and all (application/x-www-form-urlencoded). Nothing is replaced: what is no
 * UTF-8, or has a broken escape, is shown as such.
 */
export function parsePairs(text: string): Pair[] {
  return text.split('&').flatMap(part => {
    if (part === '') return []
    const equals = part.indexOf('=')
    const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]
    return [{ name: decode(name), value: decode(value) }]
  })
}

function decode(text: string): string | undefined {
  try {
    return decodeForm(text)
  } catch {
    return undefined
  }
}
