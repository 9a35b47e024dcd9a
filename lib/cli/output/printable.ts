/** Control characters, C1 included, and those that reorder or break lines. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu

const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A text from elsewhere as a terminal may show it: what would steer the terminal is written as `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter)
}

/** JSON that is as harmless; it means the same, as the characters stand in strings alone. */
export function printableJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) ?? 'null'
  return text.replace(UNPRINTABLE, found => (found === '\n' ? found : escapeCharacter(found)))
}
