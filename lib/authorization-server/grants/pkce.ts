import { timingSafeEqual } from 'node:crypto'
import { oneWay } from '../context/one-way.js'

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
const CODE_VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

/**
 * Is this the verifier of that S256 challenge (RFC 7636 §4.6), compared in constant time? Where there was no challenge,
 * only no verifier fits: a challenge that somebody took out of the request is found out by it (RFC 9700 §2.1.1).
 */
export function fitsChallenge(challenge: string | undefined, verifier: string | undefined): boolean {
  if (challenge === undefined || verifier === undefined) return challenge === verifier
  if (!CODE_VERIFIER.test(verifier)) return false
  const made = Buffer.from(oneWay(verifier))
  const expected = Buffer.from(challenge)
  return made.length === expected.length && timingSafeEqual(made, expected)
}
