import { InvalidRequestError } from '../../errors.js'
import { parsePairs } from '../../http/form.js'
import type { HttpRequest } from '../../http/handler.js'
import { pathOf } from '../../http/request-target.js'
import type { Account } from '../context/context.js'
import { PageError } from '../pages/page-error.js'

/** The parameters of the query; an empty one is as if it were not there. @throws InvalidRequestError one is repeated, or cannot be decoded */
export function readQuery({ url = '' }: HttpRequest): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const { name, value } of parsePairs(url.slice(pathOf(url).length + 1))) {
    if (name === undefined || value === undefined) throw new InvalidRequestError('The query cannot be parsed.')
    if (parameters.has(name)) {
      throw new InvalidRequestError('A parameter is repeated.', { detail: 'repeated_parameter' })
    }
    parameters.set(name, value)
  }
  for (const [name, value] of parameters) if (value === '') parameters.delete(name)
  return parameters
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
