import type { KeyObject } from 'node:crypto'
import { sharedKey, signWith, type TestKey } from './keys.js'

export const ISSUER = 'https://issuer.test'
export const AUDIENCE = 'https://api.test'
/** Where a `setClock()` stands at first, in seconds. */
export const NOW = Date.UTC(2026, 0, 31, 12) / 1000

export interface TokenPlan {
  key?: TestKey
  /** The algorithm that signs, where it is not that of the key. */
  signAlg?: string
  signKey?: KeyObject
  /** Over `alg`, `typ` and `kid`; undefined leaves a parameter out. */
  header?: Record<string, unknown>
  /** Over good defaults; undefined leaves a claim out. */
  claims?: Record<string, unknown>
  /** The text of the header or the payload as it stands, instead of JSON of those. */
  headerText?: string | Buffer
  payloadText?: string | Buffer
}

export const GOOD_CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'user-1',
  client_id: 'client-1',
  scope: 'read:users write:users',
  iat: NOW - 10,
  exp: NOW + 3_600,
  jti: 'token-1',
}

/** A token that is good in every respect but those of the plan. */
export function mintToken(plan: TokenPlan = {}): string {
  const { key = sharedKey(), header, claims } = plan
  const { signAlg = key.alg, signKey = key.privateKey } = plan
  const headerText = plan.headerText ?? JSON.stringify({ alg: signAlg, typ: 'at+jwt', kid: key.kid, ...header })
  const payloadText = plan.payloadText ?? JSON.stringify({ ...GOOD_CLAIMS, ...claims })
  const signed = `${encode(headerText)}.${encode(payloadText)}`
  return `${signed}.${encode(signWith(signAlg, signKey, signed))}`
}

export function encode(bytes: string | Buffer): string {
  return Buffer.from(bytes as string).toString('base64url')
}

/** Signs parts that are encoded already, odd ones too. */
export function signParts(header: string, payload: string, key = sharedKey()): string {
  return `${header}.${payload}.${encode(signWith(key.alg, key.privateKey, `${header}.${payload}`))}`
}
