import { type AuthorizationServerOptions, authorizationServer } from '../../lib/authorization-server/index.js'
import { KEY_RING_ID } from '../../lib/authorization-server/keys/signing-keys.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import type { Store } from '../../lib/store/port.js'
import { KEY_RING_KIND, type KeyRingRecord } from '../../lib/store/records.js'

/** How the private key is encrypted, and which of several keys it is. */
export type SeedOptions = [encryptionKey?: AuthorizationServerOptions['encryptionKey'], number?: number]

const seeds = new Map<string, Promise<KeyRingRecord>>()

/**
 * Puts a signing key for the account `default` in an empty store, the same one for every store with the same options:
 * making one takes longer than a whole test.
 */
export async function seedKeys<S extends Store>(store: S, ...[encryptionKey, number = 0]: SeedOptions): Promise<S> {
  const name = JSON.stringify([encryptionKey, number])
  const making = seeds.get(name) ?? makeRing(encryptionKey)
  seeds.set(name, making)
  await (await store.collection(KEY_RING_KIND)).insert(await making)
  return store
}

async function makeRing(encryptionKey: AuthorizationServerOptions['encryptionKey']): Promise<KeyRingRecord> {
  const store = embeddedStore(':memory:')
  const key = encryptionKey !== undefined && { encryptionKey }
  const server = await authorizationServer({ issuer: 'https://id.example.com', store, ...key })
  const ring = await server.context.records.keyRings.get('default', KEY_RING_ID)
  await server.close()
  if (ring === null) throw new Error('no key was made')
  return ring
}
