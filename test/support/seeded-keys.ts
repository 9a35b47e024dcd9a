import { type AuthorizationServerOptions, authorizationServer } from '../../lib/authorization-server/index.js'
import { KEY_RING_ID } from '../../lib/authorization-server/keys/signing-keys.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import type { Store } from '../../lib/store/port.js'
import { KEY_RING_KIND, type KeyRingRecord } from '../../lib/store/records.js'

/** How the private key is encrypted, which of several keys it is, and when it was made: by default just now. */
export type SeedOptions = [encryptionKey?: AuthorizationServerOptions['encryptionKey'], number?: number, time?: number]

const seeds = new Map<string, Promise<KeyRingRecord>>()

/**
 * Puts a signing key for the account `default` in an empty store, the same one for every store with the same options:
 * making one takes longer than a whole test.
 */
export async function seedKeys<S extends Store>(
  store: S,
  ...[encryptionKey, number = 0, time]: SeedOptions
): Promise<S> {
  const name = JSON.stringify([encryptionKey, number])
  const making = seeds.get(name) ?? makeRing(encryptionKey)
  seeds.set(name, making)
  const ring = await making
  await (await store.collection(KEY_RING_KIND)).insert(time === undefined ? ring : madeAt(ring, new Date(time)))
  return store
}

function madeAt(ring: KeyRingRecord, time: Date): KeyRingRecord {
  const keys = ring.keys.map(key => ({
    ...{ ...key, created_at: time, published_at: time },
    ...(key.activated_at !== undefined && { activated_at: time }),
  }))
  return { ...ring, createdAt: time, updatedAt: time, keys }
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
