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
 */
export function page(title: string, body: Html, nonce: string): Html {
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
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`
}

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
  // With no-referrer browsers would post the page's own form with the origin `null`.
  'Referrer-Policy': 'same-origin',
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

/** Contrast of text is 7:1, that of borders and focus 3:1 at least, in both schemes (WCAG 2.2 AA). */
const STYLE = html`
:root { color-scheme: light dark; --text: #1a1a1a; --soft: #505050; --back: #f4f4f5; --card: #ffffff; --line: #767676; --main: #1d4ed8; --on-main: #ffffff }
@media (prefers-color-scheme: dark) {
  :root { --text: #f4f4f5; --soft: #c4c4c8; --back: #18181b; --card: #27272a; --line: #8e8e96; --main: #93c5fd; --on-main: #18181b }
}
* { box-sizing: border-box }
body { margin: 0; padding: 1rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 28rem; margin: 5vh auto 0; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.25 }
p, ul, fieldset { margin: 0 0 1rem }
ul { padding: 0; list-style: none }
li { margin: 0 0 .75rem }
fieldset { padding: 0; border: 0 }
small { color: var(--soft); font-size: .875rem }
a { color: var(--main) }
label { display: flex; gap: .75rem; align-items: flex-start; min-height: 1.75rem }
input[type="checkbox"] { flex: none; width: 1.25rem; height: 1.25rem; margin: .125rem 0 0; accent-color: var(--main) }
button { display: block; width: 100%; min-height: 2.75rem; margin: 0 0 .75rem; padding: .5rem 1rem; border: 1px solid var(--main); border-radius: .375rem; background: var(--main); color: var(--on-main); font: inherit; font-weight: 600; overflow-wrap: anywhere; cursor: pointer }
button.quiet { background: transparent; border-color: var(--line); color: var(--text) }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px }
`
