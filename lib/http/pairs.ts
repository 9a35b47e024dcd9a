import { InvalidRequestError } from '../errors.js'
import { mediaType, readText } from './body.js'
import { type Pair, parsePairs } from './form.js'
import type { HttpRequest } from './handler.js'
import { unreadable } from './parameters.js'
import { findParsed } from './parsed-body.js'

/**
 * The parameters of a form that is posted. Where a parser of the host has read it, what that has left counts.
 *
 * @param limit bytes
 * @throws InvalidRequestError no form, or it cannot be read
 * @throws RequestTooLargeError
 */
export async function readFormPairs(req: HttpRequest, limit: number): Promise<Pair[]> {
  if (mediaType(req) !== 'application/x-www-form-urlencoded') {
    req.resume()
    throw new InvalidRequestError('The body must be a form.', { detail: 'content_type' })
  }
  try {
    const parsed = findParsed(req, limit)
    if (parsed === undefined) return parsePairs(await readText(req, limit))
    return 'text' in parsed ? parsePairs(parsed.text) : pairsOf(parsed.value)
  } catch (error) {
    throw unreadable(error)
  }
}

/** A parser puts repeats into a list. */
function pairsOf(parsed: unknown): Pair[] {
  if (typeof parsed !== 'object' || parsed === null) return []
  return Object.entries(parsed).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((text: unknown) => ({ name, value: asText(text) })),
  )
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && !/\p{Cs}/u.test(value) ? value : undefined
}
