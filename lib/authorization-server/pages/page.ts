import { randomBytes } from 'node:crypto'
import type { Headers } from '../../errors.js'
import type { HttpResponse } from '../../http/handler.js'
import { type Html, html } from './html.js'

/** One page. */
export interface Page {
  status: number
  title: string
  body: Html
  /** Where forms may lead, besides the page's own origin: origins or schemes, as `form-action` writes them. */
  formTargets?: readonly string[]
  headers?: Headers
}

/** For `style-src`: 128 random bits. */
export function createNonce(): string {
  return randomBytes(16).toString('base64url')
}

/** Answers with a page: no script, no frame around it, kept nowhere. Does nothing where the answer was begun already. */
export function sendPage(res: HttpResponse, page: Page, nonce = createNonce()): void {
  sendHtml(res, { ...page, text: frame(page, nonce).toString() }, nonce)
}

/** The same for a whole document that somebody else wrote. */
export function sendHtml(
  res: HttpResponse,
  { status, text, formTargets = [], headers = {} }: Pick<Page, 'status' | 'formTargets' | 'headers'> & { text: string },
  nonce: string,
): void {
  if (res.headersSent) return
  res.statusCode = status
  const all = { ...securityHeaders(nonce, formTargets), ...headers }
  for (const [name, value] of Object.entries(all)) res.setHeader(name, value)
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(res.req?.method === 'HEAD' ? undefined : text)
}

function securityHeaders(nonce: string, formTargets: readonly string[]): Headers {
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src 'nonce-${nonce}'`,
      `form-action ${["'self'", ...formTargets].join(' ')}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
  }
}

function frame({ title, body }: Page, nonce: string): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style nonce="${nonce}">${STYLES}</style>
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

/** Colours have a contrast of 7 to 1 for text and 3 to 1 for borders, in both schemes (WCAG 2.2 AA asks for 4.5 and 3). */
const STYLES = html`
:root { color-scheme: light dark; --text: #1b1b1f; --soft: #4a4a55; --ground: #f4f4f7; --card: #ffffff; --line: #767680; --accent: #1f4fb8; --on-accent: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #f2f2f5; --soft: #c3c3cc; --ground: #141417; --card: #1f1f24; --line: #8d8d99; --accent: #a9c4ff; --on-accent: #10182b; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 28rem; margin: 2rem auto; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.3; }
p, ul, fieldset { margin: 0 0 1rem; }
.soft { color: var(--soft); font-size: .9375rem; }
fieldset { padding: 0; border: 0; }
legend { padding: 0; margin-bottom: .5rem; font-weight: 600; }
.choice { display: flex; gap: .75rem; align-items: flex-start; padding: .5rem 0; min-height: 2.75rem; }
.choice input { flex: none; width: 1.25rem; height: 1.25rem; margin: .125rem 0 0; accent-color: var(--accent); }
.badge { padding: 0 .4rem; border: 1px solid var(--line); border-radius: .4rem; font-size: .8125rem; white-space: nowrap; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1rem; }
button { flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: var(--text); font: inherit; font-weight: 600; cursor: pointer; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`
