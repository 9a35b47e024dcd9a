import { readObject, splitJws } from '../../../resource-server/token/compact-jws.js'
import type { Row } from '../../output/cells.js'

/** What a token says of itself, proven or not; empty where it cannot be read. */
export interface Peek {
  header: Row
  payload: Row
}

export function peek(token: string): Peek {
  const read = (part: 'header' | 'payload'): Row => {
    try {
      return readObject(splitJws(token)[part], JSON.parse)
    } catch {
      return {}
    }
  }
  return { header: read('header'), payload: read('payload') }
}

/** What a person wants to see beside each check. */
export function valuesOf({ header, payload }: Peek): Readonly<Record<string, unknown>> {
  return {
    algorithm: header['alg'],
    type: header['typ'],
    'key id': header['kid'],
    issuer: payload['iss'],
    expiry: timeOf(payload['exp']),
    start: timeOf(payload['nbf'] ?? payload['iat']),
    audience: payload['aud'],
    scope: payload['permissions'] ?? payload['scope'] ?? payload['scp'],
  }
}

/** Seconds as a time of day; what is none, as it is. */
function timeOf(seconds: unknown): unknown {
  if (typeof seconds !== 'number' || !(Math.abs(seconds) < 8.64e12)) return seconds
  return new Date(seconds * 1000).toISOString()
}
