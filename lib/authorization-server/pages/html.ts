/** HTML that was escaped. Only {@link html} makes it, so that no text becomes markup by mistake. */
export class Html {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }

  static join(strings: readonly string[], values: readonly HtmlValue[]): Html {
    return new Html(strings.map((text, i) => (i === 0 ? text : render(values[i - 1]) + text)).join(''))
  }
}

/** What may stand in a template: HTML as it is, everything else escaped; a list one after the other; undefined is nothing. */
export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[]

/**
 * A template whose every value is escaped, for text and for attributes in double quotes. Nowhere else may a value stand:
 * not in a tag's name, not in `<style>`.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.join(strings, values)
}

function render(value: HtmlValue): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(render).join('')
  return escapeText(String(value))
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** Control characters, and those that turn the direction of what follows (UAX #9): they are shown as U+FFFD. */
const INVISIBLE = /(?![\t\n])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu

function escapeText(text: string): string {
  return text.replace(/[&<>"'`]/g, found => ESCAPES[found] ?? '').replace(INVISIBLE, '\ufffd')
}
