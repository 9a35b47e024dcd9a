import { randomBytes } from 'node:crypto'
import type { Headers } from '../errors.js'
import type { HttpResponse } from './handler.js'
import { type Html, html } from './html.js'
import { NOT_STORED } from './respond.js'

/** Nobody may store a page of ours, frame it, or learn its address from a link. */
const PAGE_HEADERS: Headers = {
  ...NOT_STORED,
  'Content-Type': 'text/html; charset=utf-8',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

/** A nonce for the one style sheet of a page: 128 random bits. */
export function createNonce(): string {
  return randomBytes(16).toString('base64url')
}

export interface PageAnswer {
  status: number
  /** HTML. */
  text: string
  /** Of the style sheet. */
  nonce: string
  /** Where forms may be sent, as sources of CSP. Default: nowhere. */
  formAction?: string
  headers?: Headers
}

/** Answers with a page on which no script runs. Does nothing where the answer was begun already. */
export function sendPage(res: HttpResponse, { status, text, nonce, formAction = "'none'", headers }: PageAnswer): void {
  if (res.headersSent) return
  res.statusCode = status
  for (const [name, value] of Object.entries({ ...PAGE_HEADERS, ...headers })) res.setHeader(name, value)
  res.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'nonce-${nonce}'; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
  )
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(res.req?.method === 'HEAD' ? undefined : text)
}

/** Colours have a contrast of 4.5 at least, in both schemes; what can be pressed has 44 px (WCAG 2.2, 1.4.3, 2.5.8). */
const STYLE = html`
:root { color-scheme: light dark; --text: #1a1d21; --quiet: #50575f; --ground: #f4f5f7; --card: #fff; --line: #8a929b; --strong: #0b57c2; --on: #fff }
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
.new { padding: 0 .4rem; border: 1px solid currentColor; border-radius: .4rem; font-size: .875rem }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem }
button { flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--strong); border-radius: .5rem; background: transparent; color: var(--strong); font: inherit; font-weight: 600; cursor: pointer }
button.main { background: var(--strong); color: var(--on) }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px }
`

/** A whole page around what it says. */
export function layout({ title, nonce, body }: { title: string; nonce: string; body: Html }): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`
  return page.toString()
}
