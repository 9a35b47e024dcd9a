import { OAuthError, StoreUnavailableError } from '../../errors.js'
import type { Headers } from '../../errors.js'
import { asError, type HttpRequest, type HttpResponse, type Next } from '../../http/handler.js'
import { html } from './html.js'
import { sendPage } from './page.js'

/** A refusal that a person reads. Title and text are public; `detail` and `cause` never leave the process. */
export class PageError extends Error {
  readonly status: number
  readonly title: string
  readonly detail: string | undefined
  readonly headers: Headers

  constructor(
    status: number,
    title: string,
    text: string,
    { detail, cause, headers = {} }: { detail?: string; cause?: unknown; headers?: Headers } = {},
  ) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'PageError'
    this.status = status
    this.title = title
    this.detail = detail
    this.headers = headers
  }
}

/** What a person is told, by status. */
const TITLES: Readonly<Record<number, string>> = {
  404: 'There is nothing here',
  413: 'This request is too large',
  429: 'Too many requests',
}

/** Answers with a page. What is not a refusal of ours says nothing of itself. */
export function pageErrorHandler(error: unknown, _req: HttpRequest, res: HttpResponse, next: Next): void {
  if (res.headersSent) return next(asError(error))
  const { status, title, message, headers } = toPageError(error)
  sendPage(res, status, { title, body: html`<p>${message}</p>`, headers })
}

/** Is the page a 5xx: a fault of ours, or of what we need? */
export const isPageFault = (error: unknown): boolean => toPageError(error).status >= 500

function toPageError(error: unknown): PageError {
  if (error instanceof PageError) return error
  if (error instanceof OAuthError && error.status < 500) {
    const { status, message, headers } = error
    return new PageError(status, TITLES[status] ?? 'This request cannot be served', message, { headers })
  }
  if (error instanceof StoreUnavailableError || (error instanceof OAuthError && error.status === 503)) {
    return unavailable(error)
  }
  return new PageError(500, 'Something went wrong', 'The request could not be served.', { cause: error })
}

/** 503: something that this page needs cannot be had now. */
export function unavailable(cause: unknown, detail?: string): PageError {
  return new PageError(503, 'Not now', 'The service cannot answer now. Try again in a moment.', {
    ...(detail !== undefined && { detail }),
    cause,
    headers: { 'Retry-After': '5' },
  })
}
