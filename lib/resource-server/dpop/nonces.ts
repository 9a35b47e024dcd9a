import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../clock.js'

/** A nonce is given out for so long, and taken for twice as long, in milliseconds. */
const PERIOD = 150_000

/** Nonces for proofs (RFC 9449 §9), which need no memory: any process with the secret knows those of the others. */
export interface Nonces {
  /** The nonce to use from now on. */
  current(): string
  /** Is it the current one or the one before? */
  accepts(nonce: unknown): boolean
  /** Milliseconds since the epoch from which on no nonce of today is taken any more. */
  expiresAt(): number
}

/** @param secret at least 32 bytes */
export function createNonces(secret: Uint8Array, clock: Clock): Nonces {
  const period = (): number => Math.floor(clock.now() / PERIOD)
  const nonceOf = (number: number): string =>
    createHmac('sha256', secret).update(`scopegate dpop nonce ${number}`).digest('base64url')
  return {
    current: () => nonceOf(period()),
    accepts(nonce) {
      if (typeof nonce !== 'string') return false
      return [period(), period() - 1].some(number => isEqual(nonceOf(number), nonce))
    },
    expiresAt: () => (period() + 2) * PERIOD,
  }
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
