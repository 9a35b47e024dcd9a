import { Refusal } from '../faults.js'
import type { Reply } from './send.js'

/** Characters of a line, at most: the texts are those of a server. */
const MAX_LENGTH = 2_000

/** What an answer that is no success says, in one line: status, code, text, fields. */
export function refusalOf(reply: Reply): Refusal {
  return new Refusal(`${describe(reply)}${describeRetry(reply)}`.slice(0, MAX_LENGTH))
}

function describe({ status, headers, body }: Reply): string {
  const { error_code: code, message, details, error, error_description: description } = Object(body)
  if (typeof code === 'string') return `${status} ${code}: ${text(message)}${describeDetails(details)}`
  // RFC 6749 §5.2.
  if (error === 'invalid_client') return `${status} invalid_client: the client id or its secret is not accepted`
  if (typeof error === 'string') return `${status} ${error}: ${text(description)}`
  if (status >= 300 && status < 400 && headers.has('location')) {
    return `${status}: the server answers with a redirect; give the URL that it leads to`
  }
  return `${status}: the answer is not one of scopegate; check the URL`
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : 'the request was refused'
}

/** The faults of fields, with their messages where there are some; the place in a query. */
function describeDetails(details: unknown): string {
  const { issues, fields, position } = Object(details)
  if (Array.isArray(issues) && issues.length > 0) {
    return ` ${issues.map(describeIssue).join('; ')}`
  }
  if (Array.isArray(fields) && fields.length > 0)
    return ` (${fields.filter(field => typeof field === 'string').join(', ')})`
  return typeof position === 'number' ? ` (position ${position})` : ''
}

function describeIssue(issue: unknown): string {
  const { path, message } = Object(issue)
  return [path, message].filter(part => typeof part === 'string' && part !== '').join(' ')
}

function describeRetry({ headers }: Reply): string {
  const after = headers.get('retry-after')
  return after !== null && /^\d{1,9}$/.test(after) ? `; try again in ${after} s` : ''
}
