import { hash, randomBytes } from 'node:crypto'

/** A bearer value that was made, and what is stored of it. */
export interface Minted {
  value: string
  hash: string
}

/** SHA-256, base64url: enough for values of 256 random bits. */
export function oneWay(value: string): string {
  return hash('sha256', value, 'base64url')
}

/** 256 random bits, base64url, and their hash. */
export function mint(): Minted {
  const value = randomBytes(32).toString('base64url')
  return { value, hash: oneWay(value) }
}

/** What such a value looks like: anything else is unknown without a look at the store. */
export const MINTED = /^[A-Za-z0-9_-]{43}$/
