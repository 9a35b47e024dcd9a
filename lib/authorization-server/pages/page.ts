import { randomBytes } from 'node:crypto'
import type { Headers } from '../../errors.js'
import type { HttpResponse } from '../../http/handler.js'
import { NOT_STORED } from '../../http/respond.js'
import { type Html, html } from './html.js'

/** A value for `style-src 'nonce-…'`, new for every page. */
export function createNonce(): string {
  return randomBytes(16).toString('base64url')
}

/**
 * A whole document: one column that fits 320 px, light and dark, no script.
 * @param nonce of the style, in base64url
 * @param heading where it is not the title
 */
export function page(title: string, body: Html, nonce: string, heading: string | Html = title): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${body}
</main>
</body>
</html>
`
}

/** For a page whose form is checked by its origin: with `no-referrer` browsers post the origin `null`. */
export const TELLS_ORIGIN: Headers = { 'Referrer-Policy': 'same-origin' }

export interface PageAnswer {
  title: string
  body: Html
  /** What forms of the page may lead to beyond this host, each as {@link sourceOf} gives it. Browsers apply it to redirects too. */
  formAction?: readonly string[]
  headers?: Headers
}

/** Answers with a page that no other page can frame, and that nobody stores. Does nothing where the answer was begun. */
export function sendPage(res: HttpResponse, status: number, { title, body, formAction, headers }: PageAnswer): void {
  const nonce = createNonce()
  sendHtml(res, status, page(title, body, nonce).toString(), { nonce, formAction, headers })
}

/** The same with HTML that somebody else made. @param nonce that of its style */
export function sendHtml(
  res: HttpResponse,
  status: number,
  text: string,
  {
    nonce,
    formAction = [],
    headers = {},
  }: { nonce: string; formAction?: readonly string[] | undefined; headers?: Headers | undefined },
): void {
  if (res.headersSent) return
  res.statusCode = status
  const all = { ...NOT_STORED, ...PROTECTION, 'Content-Security-Policy': policy(nonce, formAction), ...headers }
  for (const [name, value] of Object.entries(all)) res.setHeader(name, value)
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(res.req?.method === 'HEAD' ? undefined : text)
}

/**
 * A URL as a source of a Content-Security-Policy: its origin, or its scheme where that is a private one, or the host is
 * none that such a source can name (an IPv6 address, a comma).
 */
export function sourceOf(url: string): string {
  const { protocol, host, origin } = new URL(url)
  const isWeb = protocol === 'https:' || protocol === 'http:'
  return isWeb && /^[a-z0-9.-]+(:\d+)?$/.test(host) ? origin : protocol
}

const PROTECTION: Headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

function policy(nonce: string, formAction: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ['form-action', "'self'", ...formAction].join(' '),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}

/** Colours have a contrast of 4.5 at least, borders of 3, in both schemes; what can be pressed has 44 px (WCAG 2.2, 1.4.3, 1.4.11, 2.5.8). */
const STYLE = html`
:root { color-scheme: light dark; --text: #1a1d21; --quiet: #50575f; --ground: #f4f5f7; --card: #fff; --line: #79818a; --strong: #0b57c2; --on: #fff }
@media (prefers-color-scheme: dark) {
  :root { --text: #eceef1; --quiet: #b4bbc4; --ground: #15181c; --card: #20242a; --line: #7d8791; --strong: #8ab8ff; --on: #10131a }
}
* { box-sizing: border-box }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 30rem; margin: 5vh auto; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere }
h1 { margin: 0 0 1rem; font-size: 1.35rem; line-height: 1.3 }
p { margin: 0 0 1rem }
.quiet { color: var(--quiet) }
fieldset { margin: 0 0 1.25rem; padding: 0; border: 0; min-width: 0 }
legend { padding: 0; margin-bottom: .5rem; font-weight: 600 }
label { display: flex; gap: .75rem; padding: .6rem 0; min-height: 2.75rem; border-top: 1px solid var(--line) }
input { flex: none; width: 1.5rem; height: 1.5rem; margin: 0; accent-color: var(--strong) }
.new, .deprecated { padding: 0 .4rem; border: 1px solid currentColor; border-radius: .4rem; font-size: .875rem }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem }
button { flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--strong); border-radius: .5rem; background: transparent; color: var(--strong); font: inherit; font-weight: 600; cursor: pointer }
button.main { background: var(--strong); color: var(--on) }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px }
`
