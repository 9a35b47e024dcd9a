import { toOAuthError } from './error-handler.js'
import { asError, type HttpRequest, type HttpResponse, type Next } from './handler.js'
import { html } from './html.js'
import { createNonce, layout, sendPage } from './page.js'

/** What a person is told, by status. */
const TITLES: Readonly<Record<number, string>> = {
  400: 'This request cannot be served',
  404: 'There is nothing here',
  405: 'This request cannot be served',
  413: 'This request is too large',
  429: 'Too many requests',
  503: 'Try again in a moment',
}

/**
 * Answers with a page for a person: it links nowhere, and says nothing but the constant text of the refusal. What is not a
 * refusal of ours is 500, and says nothing of itself.
 */
export function pageErrorHandler(error: unknown, _req: HttpRequest, res: HttpResponse, next: Next): void {
  if (res.headersSent) return next(asError(error))
  const { status, message, headers } = toOAuthError(error)
  sendErrorPage(res, status, message, headers)
}

export function sendErrorPage(
  res: HttpResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const nonce = createNonce()
  const title = TITLES[status] ?? 'Something went wrong'
  const text = layout({ title, nonce, body: html`<h1>${title}</h1>\n<p>${message}</p>` })
  sendPage(res, { status, text, nonce, headers })
}
