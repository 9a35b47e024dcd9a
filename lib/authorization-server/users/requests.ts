import { InvalidRequestError, RequestMethodError } from '../../errors.js'
import { decodeForm } from '../../http/form.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { NOT_STORED, sendEmpty } from '../../http/respond.js'
import type { Account } from '../context/context.js'
import { PageError } from '../pages/page-error.js'

/** The parameters of the query; an empty one is as if it were not there. @throws InvalidRequestError one is repeated, or cannot be decoded */
export function readQuery({ url = '' }: HttpRequest): Map<string, string> {
  const parameters = new Map<string, string>()
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const [name, value] = decodePair(pair)
    if (parameters.has(name))
      throw new InvalidRequestError('A parameter is repeated.', { detail: 'repeated_parameter' })
    parameters.set(name, value)
  }
  for (const [name, value] of parameters) if (value === '') parameters.delete(name)
  return parameters
}

function decodePair(pair: string): [name: string, value: string] {
  const equals = pair.indexOf('=')
  const end = equals < 0 ? pair.length : equals
  try {
    return [decodeForm(pair.slice(0, end)), decodeForm(pair.slice(end + 1))]
  } catch {
    throw new InvalidRequestError('The query cannot be parsed.')
  }
}

/** @throws RequestMethodError */
export function assertMethod({ method = '' }: HttpRequest, ...allowed: readonly string[]): void {
  if (allowed.includes(method)) return
  const headers = { Allow: allowed.join(', ') }
  throw new RequestMethodError('The method is not served here.', { detail: 'method', headers })
}

/**
 * Refuses what another site posts. Browsers say where a form comes from (`Sec-Fetch-Site`, `Origin`); what says neither is
 * held by the form's own value alone.
 * @throws PageError 400
 */
export function assertSameOrigin({ headers }: HttpRequest, { issuer }: Account): void {
  const site = headers['sec-fetch-site']
  const isOwn =
    site === undefined
      ? headers.origin === undefined || headers.origin === new URL(issuer).origin
      : site === 'same-origin'
  if (!isOwn) throw refuseForm()
}

/** 400: the form is not the one of our page. */
export function refuseForm(): PageError {
  const text = 'The form did not come from this page, or the page is an old one. Load it again.'
  return new PageError(400, 'This cannot be done', text, { detail: 'foreign_form' })
}

/** Sends the browser on: whatever the method was, it goes there with GET. */
export function seeOther(res: HttpResponse, location: string): void {
  sendEmpty(res, 303, { ...NOT_STORED, Location: location, 'Referrer-Policy': 'no-referrer' })
}
