import type { AsymmetricAlgorithm } from '../contract/algorithms.js'
import { fits, readKeys, type VerificationKey } from './jwk.js'
import { refuse } from '../contract/refuse.js'

/** Keys that are tried for one token, at most. */
const MAX_CANDIDATES = 8

/** A key set as it was fetched. */
export interface LoadedKeys {
  /** By a clock that never goes back, in milliseconds. */
  readonly fetchedAt: number
  readonly keys: readonly VerificationKey[]
  readonly byKid: ReadonlyMap<string, readonly VerificationKey[]>
}

/**
 * Reads a fetched set in place of the former one. A key whose material is the same stays the same object; every other
 * key of the former set is dead from now on, and with it what it verified.
 */
export function replaceKeys(
  former: LoadedKeys | undefined,
  raw: readonly unknown[],
  fetchedAt: number,
  skip: (code: string, kid?: string) => void,
): LoadedKeys {
  const before = former?.keys ?? []
  const keys = readKeys(raw, skip).map(key => before.find(old => isSameKey(old, key)) ?? key)
  for (const old of before) old.live = keys.includes(old)
  const byKid = new Map<string, VerificationKey[]>()
  for (const key of keys) {
    if (key.kid !== undefined) byKid.set(key.kid, [...(byKid.get(key.kid) ?? []), key])
  }
  return { fetchedAt, keys, byKid }
}

function isSameKey(one: VerificationKey, other: VerificationKey): boolean {
  return (
    one.kid === other.kid && one.alg === other.alg && one.issuer === other.issuer && one.material === other.material
  )
}

/** What a token demands of its key. */
export interface WantedKeys {
  readonly kid: string | undefined
  readonly algorithm: AsymmetricAlgorithm
  /** A key that names an issuer must name one of these; undefined: it does not matter. */
  readonly issuers: readonly string[] | undefined
}

/** Those of the keys that may have signed a token, whatever their `kid`. @throws InvalidTokenError none may */
export function pickKeys(
  keys: readonly VerificationKey[],
  { algorithm, issuers }: WantedKeys,
): readonly VerificationKey[] {
  const ours =
    issuers === undefined ? keys : keys.filter(({ issuer }) => issuer === undefined || issuers.includes(issuer))
  if (ours.length === 1 && ours[0] !== undefined && fits(ours[0], algorithm)) return ours
  const fitting = ours.filter(key => fits(key, algorithm)).slice(0, MAX_CANDIDATES)
  if (fitting.length === 0) throw refuse('key')
  return fitting
}
