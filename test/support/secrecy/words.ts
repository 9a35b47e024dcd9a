/** What is shorter is no word: neither is it a secret that anybody should use. */
export const SHORTEST = 16

const WORD = /[\w.~+/=%-]{16,}/g
/** What stands between the parts of a word: of a path, a query, a JWT. */
const SEPARATOR = /[.~+/=%]+/
const ENCODED = /^[\w+/-]{20,}={0,2}$/
const READABLE = /^[\x20-\x7e]{16,}$/

/**
 * Calls `see` with each word of a text, with its parts, and with the words of what it is an encoding of (percent, base64).
 * @param see returns false where it knew the word: then nothing of it is looked at again
 */
export function eachWord(text: string, see: (word: string) => boolean, depth = 2): void {
  for (const word of text.match(WORD) ?? []) {
    if (!see(word)) continue
    for (const part of [...word.split('='), ...word.split(SEPARATOR)]) {
      if (part.length >= SHORTEST && part !== word) see(part)
    }
    if (depth > 0) for (const meant of decode(word)) eachWord(meant, see, depth - 1)
  }
}

function decode(word: string): string[] {
  const found: string[] = []
  if (/%[\da-f]{2}/i.test(word)) found.push(word.replace(/%([\da-f]{2})/gi, (_all, hex) => fromHex(hex)))
  for (const part of ENCODED.test(word) ? [word] : word.split(SEPARATOR)) {
    if (!ENCODED.test(part)) continue
    const plain = Buffer.from(part, 'base64').toString('latin1')
    if (READABLE.test(plain)) found.push(plain)
  }
  return found
}

const fromHex = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16))

const JWT = /^[\w-]+\.[\w-]+\.([\w-]*)$/
/** The id of its grant, which is no secret, stands before what is. */
const REFRESH_TOKEN = /^[0-9a-z]{26}([\w-]{64})$/

/** The words that betray a value: itself, and the part of it that is not known anyway. Empty: it has none. */
export function betraying(value: string): string[] {
  const found = new Set<string>()
  const longest = (value.match(WORD) ?? []).sort((one, other) => other.length - one.length)[0]
  if (longest !== undefined) found.add(longest).add(longest.replace(/=+$/, ''))
  const [, signature] = JWT.exec(value) ?? []
  const [, own] = REFRESH_TOKEN.exec(value) ?? []
  if (own !== undefined) found.add(own)
  // The header and the claims of a token are not secret.
  for (const part of signature === undefined ? value.split(SEPARATOR) : [signature]) found.add(part)
  return [...found].filter(word => word.length >= SHORTEST)
}
