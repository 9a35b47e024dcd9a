import { LRUCache } from 'lru-cache'
import { parseJson } from '../http/json.js'
import { type AsymmetricAlgorithm, isAsymmetricAlgorithm } from './algorithms.js'
import { decode, decodeText, MAX_TOKEN_LENGTH } from './base64url.js'
import { deepFreeze } from './freeze.js'
import { refuse } from './refuse.js'
import type { AccessTokenHeader } from './types.js'

/** A JWS in compact form (RFC 7515 §7.1), taken apart; nothing of it is proven yet. */
export interface CompactJws<Header = ReadHeader> {
  header: Header
  payload: Record<string, unknown>
  signingInput: string
  signature: Buffer
}

/** A header that passed every check but that of the key. */
export interface ReadHeader {
  parameters: Readonly<AccessTokenHeader>
  alg: AsymmetricAlgorithm
  kid: string | undefined
}

export interface HeaderPolicy {
  algorithms: ReadonlySet<AsymmetricAlgorithm>
  /** Only `at+jwt` (RFC 9068 §4). */
  strict: boolean
}

/**
 * Makes a reader of compact JWS. The headers of an issuer, or a client, repeat, so they are kept as read.
 *
 * @param readHeader reads and checks a header, still encoded
 * @param kept headers that are kept, at most
 */
export function createJwsReader<Header extends object>(
  readHeader: (text: string) => Header,
  kept = 64,
): (token: string) => CompactJws<Header> {
  const headers = new LRUCache<string, Header>({ max: kept })
  let last: { text: string; header: Header } | undefined

  function headerOf(text: string): Header {
    // Comparing costs a tenth of hashing.
    if (last?.text === text) return last.header
    const header = findHeader(text)
    last = { text, header }
    return header
  }

  function findHeader(text: string): Header {
    let header = headers.get(text)
    if (header === undefined) {
      header = readHeader(text)
      if (text.length <= 2048) headers.set(text, header)
    }
    return header
  }

  return function readJws(token) {
    if (token.length > MAX_TOKEN_LENGTH) throw refuse('too_long')
    const first = token.indexOf('.')
    const second = token.indexOf('.', first + 1)
    if (first < 1 || second < 0 || token.indexOf('.', second + 1) >= 0) throw refuse('not_three_parts')
    return {
      header: headerOf(token.slice(0, first)),
      payload: readObject(token.slice(first + 1, second), JSON.parse),
      signingInput: token.slice(0, second),
      signature: decode(token.slice(second + 1)),
    }
  }
}

/** Reads a protected header, still encoded, and checks it against the policy. @throws InvalidTokenError */
export function readHeader(text: string, { algorithms, strict }: HeaderPolicy): ReadHeader {
  const parameters = readObject(text, parseJson)
  const { alg, typ, kid, crit } = parameters
  if (typeof alg !== 'string' || !isAsymmetricAlgorithm(alg) || !algorithms.has(alg)) throw refuse('algorithm')
  // RFC 7515 §4.1.11: none of the extensions that it could name is understood here, `b64` (RFC 7797) included.
  if (crit !== undefined || 'b64' in parameters) throw refuse('critical')
  if (kid !== undefined && typeof kid !== 'string') throw refuse('kid')
  if (!isAccessTokenType(typ, strict)) throw refuse('type')
  return { parameters: deepFreeze(parameters) as unknown as AccessTokenHeader, alg, kid }
}

/** RFC 9068 §4, RFC 7515 §4.1.9: `application/` may be left out, case does not matter. */
function isAccessTokenType(typ: unknown, strict: boolean): boolean {
  if (typ === undefined) return !strict
  if (typeof typ !== 'string') return false
  const type = typ.toLowerCase().replace(/^application\//, '')
  return type === 'at+jwt' || (!strict && type === 'jwt')
}

/** @param text an object as JSON, encoded. @throws InvalidTokenError */
export function readObject(text: string, parse: (text: string) => unknown): Record<string, unknown> {
  const json = decodeText(text)
  let value: unknown
  try {
    value = parse(json)
  } catch (cause) {
    throw refuse('not_json', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('not_an_object')
  return value as Record<string, unknown>
}
