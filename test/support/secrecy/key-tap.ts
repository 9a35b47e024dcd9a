import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Ledger } from './ledger.js'

/** The members of a JWK that only a private one has (RFC 7518 §6.2.2, §6.3.2). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** Sees every private key that is exported as JWK: no other way leads to where keys are kept. */
export function tapKeys(ledger: Ledger): void {
  const prototype = Object.getPrototypeOf(generateKeyPairSync('ed25519').privateKey) as KeyObject
  const { export: exportKey } = prototype
  prototype.export = function exportPrivate(this: KeyObject, ...call: unknown[]) {
    const exported: unknown = Reflect.apply(exportKey, this, call)
    for (const name of PRIVATE) {
      const value: unknown = Object(exported)[name]
      if (typeof value === 'string') ledger.secret('private key', value)
    }
    return exported
  } as typeof exportKey
}
