import type { HttpRequest } from '../../http/handler.js'
import { type Pair, parsePairs } from '../../http/form.js'
import { readFormPairs } from '../../http/pairs.js'
import { pathOf, originForm } from '../../http/request-target.js'
import { AuthorizationRefusal, refuseHere } from './refusal.js'

/** Bytes of a query, or of a form. */
const LIMIT = 64 * 1024

/** The parameters of an authorization request. */
export interface AuthorizationParameters {
  /** The one value; undefined where there is none, an empty one, several, or one that cannot be decoded. */
  get(name: string): string | undefined
  isRepeated(name: string): boolean
  /** @throws AuthorizationRefusal `invalid_request`: any parameter is repeated, or any text cannot be decoded */
  assertSound(): void
}

/**
 * Reads the query of a GET, or the form of a POST (OpenID Connect Core §3.1.2.1); of a POST the query is not looked at.
 *
 * @throws PageRefusal a query of more than 64 KB
 * @throws InvalidRequestError no form
 * @throws RequestTooLargeError more than 64 KB
 */
export async function readAuthorizationParameters(req: HttpRequest): Promise<AuthorizationParameters> {
  if (req.method === 'POST') return createParameters(await readFormPairs(req, LIMIT))
  const target = originForm(req.url ?? '')
  const query = target.slice(pathOf(target).length + 1)
  if (query.length > LIMIT) throw refuseHere('The address is too long.', { detail: 'query_too_large' })
  return createParameters(parsePairs(query))
}

export function createParameters(pairs: readonly Pair[]): AuthorizationParameters {
  const values = new Map<string, string | undefined>()
  const repeated = new Set<string>()
  let isSound = true
  for (const { name, value } of pairs) {
    if (name === undefined || value === undefined) isSound = false
    if (name === undefined) continue
    if (values.has(name)) repeated.add(name)
    values.set(name, value)
  }

  return {
    // An empty value is as if it were not there (RFC 6749 §3.1).
    get: name => (repeated.has(name) ? undefined : values.get(name) || undefined),
    isRepeated: name => repeated.has(name),
    assertSound() {
      if (repeated.size > 0) {
        throw new AuthorizationRefusal('invalid_request', 'A parameter is repeated.', { detail: 'repeated_parameter' })
      }
      if (!isSound) {
        throw new AuthorizationRefusal('invalid_request', 'A parameter cannot be decoded.', { detail: 'undecodable' })
      }
    },
  }
}
