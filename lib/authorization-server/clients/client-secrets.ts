import { timingSafeEqual } from 'node:crypto'
import { createId } from '../../store/ids.js'
import { type ClientSecret, SECRET_USE_KIND } from '../../store/records.js'
import { mint, oneWay } from '../context/one-way.js'

/** Stands in where there is no secret to compare with, so that an unknown client costs what a known one does. */
const NO_SECRET: readonly ClientSecret[] = [{ id: '', hash: mint().hash, created_at: new Date(0) }]

/** 256 random bits, base64url. */
export function createSecretValue(): string {
  return mint().value
}

/** The record of a secret made now. */
export function createSecret(value: string, now: number): ClientSecret {
  return { id: createId(SECRET_USE_KIND.idPrefix, now), hash: oneWay(value), created_at: new Date(now) }
}

/** @param now milliseconds since the epoch; a secret is good before its `expires_at` */
export function isExpired({ expires_at }: ClientSecret, now: number): boolean {
  return expires_at !== undefined && expires_at.getTime() <= now
}

/**
 * Finds the secret that one of the values is: one that has not expired where there is one. Compares with every one of
 * them, in constant time each, whether or not one was found already.
 *
 * @param now milliseconds since the epoch
 */
export function findSecret(
  secrets: readonly ClientSecret[],
  values: readonly string[],
  now: number,
): ClientSecret | undefined {
  let found: ClientSecret | undefined
  let expired: ClientSecret | undefined
  for (const value of values) {
    const presented = Buffer.from(oneWay(value))
    for (const secret of secrets.length === 0 ? NO_SECRET : secrets) {
      const stored = Buffer.from(secret.hash)
      const equal = stored.length === presented.length && timingSafeEqual(stored, presented)
      if (!equal || secrets.length === 0) continue
      if (isExpired(secret, now)) expired = secret
      else found = secret
    }
  }
  return found ?? expired
}
