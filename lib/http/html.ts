/** Markup whose every value is escaped. Only {@link html} makes it. */
class Markup {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

export type Html = Markup

/** What a template takes: text is escaped, markup is put in as it is, `undefined` and `false` are nothing. */
export type HtmlValue = string | number | Html | readonly Html[] | undefined | false

/**
 * A template of HTML. Every value is escaped for text and for quoted attributes; attributes have to be quoted.
 * @example
 * html`<p title="${title}">${text}</p>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0] ?? ''
  for (const [i, value] of values.entries()) text += write(value) + (strings[i + 1] ?? '')
  return new Markup(text)
}

function write(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Markup) return value.toString()
  return Array.isArray(value) ? value.map(write).join('') : escapeText(String(value))
}

/**
 * What changes the direction of the text around it, out of a `<bdi>` too (a PDI ends the isolate that is open), breaks
 * lines, or is no character: nobody sees it, and it can make one text look like another.
 */
const INVISIBLE = /(?![\t\n\r])\p{Cc}|[\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

function escapeText(text: string): string {
  return text.replace(INVISIBLE, '\ufffd').replace(/[&<>"'`]/g, character => ENTITIES[character] ?? '')
}
