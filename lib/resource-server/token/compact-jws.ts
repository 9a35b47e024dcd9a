import { LRUCache } from 'lru-cache'
import { parseJson } from '../../http/json.js'
import { type AsymmetricAlgorithm, isAsymmetricAlgorithm } from '../contract/algorithms.js'
import { assertBase64url, decodeText, MAX_TOKEN_LENGTH } from './base64url.js'
import { deepFreeze } from './freeze.js'
import { refuse } from '../contract/refuse.js'
import type { AccessTokenHeader } from '../contract/types.js'

/** A JWS in compact form (RFC 7515 §7.1), taken apart; nothing of it is proven yet. */
export interface CompactJws {
  header: ReadHeader
  payload: Record<string, unknown>
  signingInput: string
  /** Still encoded, and spelled well. */
  signature: string
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

/** The parts of a compact JWS, still encoded. */
export interface JwsParts {
  header: string
  payload: string
  signature: string
  signingInput: string
}

/** Takes a compact JWS apart, and looks into none of its parts. @throws InvalidTokenError */
export function splitJws(token: string): JwsParts {
  if (token.length > MAX_TOKEN_LENGTH) throw refuse('too_long')
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first < 1 || second < 0 || token.indexOf('.', second + 1) >= 0) throw refuse('not_three_parts')
  return {
    header: token.slice(0, first),
    payload: token.slice(first + 1, second),
    signature: token.slice(second + 1),
    signingInput: token.slice(0, second),
  }
}

/** Headers that are kept as read, at most, and how many characters each may have: few issuers write longer ones. */
const MAX_HEADERS = 64
const MAX_HEADER_LENGTH = 512

interface KnownHeader {
  text: string
  header: ReadHeader
}

/** Reads access tokens. The headers of an issuer repeat, so they are kept as read: those of good tokens alone. */
export class TokenReader {
  readonly #policy: HeaderPolicy
  readonly #known = new LRUCache<string, KnownHeader>({ max: MAX_HEADERS })
  #last: KnownHeader | undefined

  constructor(policy: HeaderPolicy) {
    this.#policy = policy
  }

  /** @throws InvalidTokenError */
  read(token: string): CompactJws {
    const { header, payload, signature, signingInput } = splitJws(token)
    const read = { header: this.#readHeader(header), payload: readObject(payload, JSON.parse), signingInput, signature }
    assertBase64url(signature)
    return read
  }

  /** To be told of a token whose signature is good: what nobody signed would only push out what is of use. */
  keepHeader({ header, signingInput }: CompactJws): void {
    if (this.#last?.header === header) return
    const text = signingInput.slice(0, signingInput.indexOf('.'))
    if (text.length > MAX_HEADER_LENGTH) return
    this.#last = this.#known.get(text) ?? this.#keep(text, header)
  }

  #keep(piece: string, header: ReadHeader): KnownHeader {
    // A copy: a piece of a text keeps the whole text in memory, here that of a token.
    const text = Buffer.from(piece, 'latin1').toString('latin1')
    const known = { text, header }
    this.#known.set(text, known)
    return known
  }

  #readHeader(text: string): ReadHeader {
    // Comparing costs a tenth of hashing.
    if (this.#last?.text === text) return this.#last.header
    return this.#known.get(text)?.header ?? readHeader(text, this.#policy)
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
  } catch {
    // No cause: what the parser says quotes the text.
    throw refuse('not_json')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('not_an_object')
  return value as Record<string, unknown>
}
