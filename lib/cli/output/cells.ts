import { printable, printableJson } from './printable.js'

/** One record of the management API. */
export type Row = Readonly<Record<string, unknown>>

/** A value as it stands in a table: lists of texts with blanks between them, everything else that is no text as JSON. */
export function formatCell(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return printable(value)
  if (Array.isArray(value)) {
    const named = value.map(entry => (typeof entry === 'string' ? entry : Object(entry).value))
    if (named.every(name => typeof name === 'string')) return printable(named.join(' '))
  }
  return printableJson(value)
}

/** Terminal columns of a text, nearly: what is wide in East Asian scripts, and emoji, take two. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1
  }
  return width
}

/** The text with blanks behind it; where `limit` is given and it is longer, cut with `…`. */
export function pad(text: string, width: number, limit = Number.POSITIVE_INFINITY): string {
  const cut = widthOf(text) > limit ? `${[...text].slice(0, Math.max(0, limit - 1)).join('')}…` : text
  return cut + ' '.repeat(Math.max(0, width - widthOf(cut)))
}
