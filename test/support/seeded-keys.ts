import { authorizationServer } from '../../lib/authorization-server/index.js'
import { KEY_RING_ID } from '../../lib/authorization-server/signing-keys.js'
import type { Store } from '../../lib/store/port.js'
import { KEY_RING_KIND, type KeyRingRecord } from '../../lib/store/records.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'

let seed: Promise<KeyRingRecord> | undefined

/** Puts a signing key for the account `default` in an empty store: making one takes longer than a whole test. */
export async function seedKeys<S extends Store>(store: S): Promise<S> {
  seed ??= createSeed()
  const rings = await store.collection(KEY_RING_KIND)
  await rings.insert(await seed)
  return store
}

async function createSeed(): Promise<KeyRingRecord> {
  const store = embeddedStore(':memory:')
  const server = await authorizationServer({ issuer: 'https://id.example.com', store })
  const ring = await server.context.records.keyRings.get('default', KEY_RING_ID)
  await server.close()
  if (ring === null) throw new Error('no key was made')
  return ring
}
