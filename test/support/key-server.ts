import express, { type Express } from 'express'
import request from 'supertest'
import { MANAGEMENT_PERMISSIONS } from '../../lib/authorization-server/admin/catalogue.js'
import type { AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import { KEY_RING_ID } from '../../lib/authorization-server/keys/signing-keys.js'
import type { Store } from '../../lib/store/port.js'
import { KEY_RING_KIND, type KeyRingRecord, type KeyState } from '../../lib/store/records.js'
import {
  addApi,
  addClient,
  decode,
  GOOD,
  postToken,
  startServer,
  type TestServer,
} from '../authorization-server/fixtures.js'
import { seedKeys } from './seeded-keys.js'
import { type SetClock, setClock } from './set-clock.js'
import type { StoreEngine } from './stores.js'

/** A key as the management API shows it. */
export interface ShownKey {
  kid: string
  state: KeyState
  created_at: string
  published_at: string
  activated_at: string | null
  retired_at: string | null
}

export const MINUTE = 60_000
export const DAY = 86_400_000
/** How long `previous` keys are published. */
export const RETENTION = 30 * DAY + 60 * MINUTE

/** A store whose account has two keys that were made at the time of the clock, and an API and a client. */
export class KeyStore {
  static async open(
    engine: StoreEngine,
    encryptionKey?: AuthorizationServerOptions['encryptionKey'],
  ): Promise<KeyStore> {
    const clock = setClock()
    const self = new KeyStore(await seedKeys(await engine.open(clock), encryptionKey), clock)
    const now = new Date(clock.now())
    await self.alterRing(ring => {
      for (const key of ring.keys) {
        Object.assign(key, { created_at: now, published_at: now }, key.state === 'current' && { activated_at: now })
      }
    })
    return self
  }

  #isEmpty = true

  private constructor(
    readonly store: Store,
    readonly clock: SetClock,
  ) {}

  /** Another server on the same store; every management call is allowed, by whoever holds the scopes. */
  async serve(options: Partial<AuthorizationServerOptions> = {}): Promise<KeyServer> {
    const { store, clock } = this
    const scopes = MANAGEMENT_PERMISSIONS.map(({ value }) => value)
    const given = clock as SetClock & TestServer['clock']
    const test = await startServer({ store, clock: given, authorizeAdmin: () => ({ scopes }), ...options })
    const isFirst = this.#isEmpty
    this.#isEmpty = false
    if (isFirst) {
      await addApi(test)
      await addClient(test)
    }
    return new KeyServer(test)
  }

  async ring(): Promise<KeyRingRecord> {
    const ring = await (await this.store.collection(KEY_RING_KIND)).get('default', KEY_RING_ID)
    if (ring === null) throw new Error('no ring')
    return ring
  }

  async alterRing(alter: (ring: KeyRingRecord) => void): Promise<void> {
    const ring = await this.ring()
    alter(ring)
    await (await this.store.collection(KEY_RING_KIND)).replace(ring, ring.revision)
  }

  /** The states of the ring's keys in their order. */
  async states(): Promise<KeyState[]> {
    return (await this.ring()).keys.map(({ state }) => state)
  }

  close(): Promise<void> {
    return this.store.close()
  }
}

export class KeyServer {
  readonly app: Express
  readonly events: { type: string; [member: string]: unknown }[]

  constructor(readonly test: TestServer) {
    this.app = express().use(test.server.router).use(test.server.adminRouter)
    this.events = test.events as KeyServer['events']
  }

  /** The events of a type, without it. */
  told(type: string): Record<string, unknown>[] {
    return this.events.filter(event => event.type === type).map(({ type: _type, ...event }) => event)
  }

  /** The published key ids. */
  async kids(): Promise<string[]> {
    const { body } = await request(this.app).get('/.well-known/jwks.json').expect(200)
    return body.keys.map(({ kid }: { kid: string }) => kid)
  }

  async token(): Promise<string> {
    const { body } = await postToken(this.app, GOOD).expect(200)
    return body.access_token
  }

  /** Which key signs. */
  async signer(): Promise<unknown> {
    return decode(await this.token()).header['kid']
  }

  async keys(): Promise<ShownKey[]> {
    return (await request(this.app).get('/keys').expect(200)).body.results
  }

  /** The id of the one key in the state. */
  async kidOf(state: KeyState): Promise<string> {
    const found = (await this.keys()).filter(key => key.state === state)
    if (found.length !== 1) throw new Error(`${found.length} keys are ${state}`)
    return found[0]?.kid ?? ''
  }

  rotate(body?: string | object): request.Test {
    const sending = request(this.app).post('/keys/rotate')
    return body === undefined ? sending : sending.type('json').send(body)
  }

  remove(kid: string, query = ''): request.Test {
    return request(this.app).delete(`/keys/${kid}${query}`)
  }
}
