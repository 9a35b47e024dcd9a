import { InvalidRequestError } from '../errors.js'
import { mediaType, readText } from './body.js'
import { decodeForm } from './form.js'
import type { HttpRequest } from './handler.js'
import { unreadable } from './parameters.js'
import { findParsed } from './parsed-body.js'

/** One parameter of a query or a form, in its place. */
export interface Pair {
  /** undefined: cannot be decoded. */
  name: string | undefined
  /** undefined: cannot be decoded, or is no text. */
  value: string | undefined
}

/**
 * Takes a query or a form apart, repeats and all (application/x-www-form-urlencoded). Nothing is replaced: what is no
 * UTF-8, or has a broken escape, is shown as such.
 */
export function parsePairs(text: string): Pair[] {
  return text.split('&').flatMap(part => {
    if (part === '') return []
    const equals = part.indexOf('=')
    const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]
    return [{ name: decode(name), value: decode(value) }]
  })
}

function decode(text: string): string | undefined {
  try {
    return decodeForm(text)
  } catch {
    return undefined
  }
}

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
