/** HTML that is safe to send. Only {@link html} makes it. */
export class Html {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  /** The one way to HTML: what stands between the values is the program's, the values are data. */
  static of(parts: TemplateStringsArray, values: readonly HtmlValue[]): Html {
    return new Html(parts.map((part, index) => part + format(values[index])).join(''))
  }

  toString(): string {
    return this.#text
  }
}

/** Text is escaped, HTML stays as it is, a list is joined, and what is absent (`undefined`, `false`) is left out. */
export type HtmlValue = string | number | undefined | false | Html | readonly HtmlValue[]

/**
 * HTML from a template. Every value is escaped, for text and for attributes in double quotes: an attribute must have
 * them, and no value may stand in a `<style>`, a `<script>` or an attribute that holds either.
 * @example
 * html`<a href="${url}">${name}</a>`
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.of(parts, values)
}

function format(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) return value.map(format).join('')
  return String(value)
    .replace(INVISIBLE, '\ufffd')
    .replace(/[&<>"'`]/g, character => ESCAPES[character] ?? '')
}

/**
 * What changes the direction of the text around it, out of a `<bdi>` too (a PDI ends the isolate that is open), breaks
 * lines, or is no character: nobody sees it, and it can make one text look like another.
 */
const INVISIBLE = /(?![\t\n\r])\p{Cc}|[\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}
