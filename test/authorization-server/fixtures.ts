import express from 'express'
import request from 'supertest'
import { createSecret } from '../../lib/authorization-server/clients/client-secrets.js'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  authorizationServer,
} from '../../lib/authorization-server/index.js'
import type { Handler } from '../../lib/http/handler.js'
import { createId } from '../../lib/store/ids.js'
import { KEY_RING_ID } from '../../lib/authorization-server/keys/signing-keys.js'
import { type ApiRecord, type ClientRecord, KEY_RING_KIND, type KeyRingRecord } from '../../lib/store/records.js'
import { documented } from '../support/documented.js'
import { type SeedOptions, seedKeys } from '../support/seeded-keys.js'
import { type MemoryStore, memoryStore } from './memory-store.js'

export const ISSUER = 'https://id.example.com'
export const AUDIENCE = 'https://api.example.com'
export const CLIENT_ID = 'cli_reader'
export const SECRET = 'Zm9yIHRlc3RzIG9ubHk'
export const START = Date.parse('2026-03-01T12:00:00Z')

/** A clock to set. */
export interface TestClock {
  time: number
  now(): number
}

export function testClock(time = START): TestClock {
  const clock: TestClock = { time, now: () => clock.time }
  return clock
}

export interface TestServer {
  server: AuthorizationServer
  app: express.Express
  clock: TestClock
  store: MemoryStore
  events: unknown[]
}

/** A server on a store in memory, its routers mounted at the root. */
export async function startServer(options: Partial<AuthorizationServerOptions> = {}): Promise<TestServer> {
  const clock = testClock()
  const store = options.accounts === undefined && options.store === undefined ? await seededStore() : memoryStore()
  const events: unknown[] = []
  const issuer = options.accounts === undefined ? { issuer: ISSUER } : {}
  const all = { ...issuer, store, clock, onEvent: (event: unknown) => events.push(event), ...options }
  const server = documented(await authorizationServer(all))
  return { server, app: mount('/', server.router), clock, store, events }
}

/** A store in memory that has had the signing key of the account `default` since {@link START}. */
export function seededStore(...[encryptionKey, number]: SeedOptions): Promise<MemoryStore> {
  return seedKeys(memoryStore(), encryptionKey, number, START)
}

/** The key ring of the account `default`. */
export async function ringOf(store: MemoryStore): Promise<KeyRingRecord> {
  const ring = await (await store.collection(KEY_RING_KIND)).get('default', KEY_RING_ID)
  if (ring === null) throw new Error('no ring')
  return ring
}

export function mount(path: string, ...handlers: Handler[]): express.Express {
  const app = express()
  for (const handler of handlers) app.use(path, handler)
  return app
}

export async function addApi({ server }: TestServer, fields: Partial<ApiRecord> = {}): Promise<ApiRecord> {
  const now = new Date(server.context.clock.now())
  const id = createId('api_', now.getTime())
  return server.context.records.apis.insert({
    id,
    account: 'default',
    revision: 1,
    createdAt: now,
    updatedAt: now,
    name: 'Example',
    slug: id.replace('_', '-'),
    identifier: AUDIENCE,
    permissions: [{ value: 'read:users' }, { value: 'write:users', description: 'Changes users' }],
    signing_alg: 'RS256',
    token_dialect: 'access_token',
    token_lifetime: 3600,
    enforce_policies: true,
    allow_offline_access: false,
    skip_consent: false,
    is_system: false,
    ...fields,
  })
}

export async function addClient({ server }: TestServer, fields: Partial<ClientRecord> = {}): Promise<ClientRecord> {
  const now = new Date(server.context.clock.now())
  return server.context.records.clients.insert({
    id: CLIENT_ID,
    account: 'default',
    revision: 1,
    createdAt: now,
    updatedAt: now,
    name: 'Reader',
    application_type: 'm2m',
    is_first_party: false,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
    callbacks: [],
    web_origins: [],
    logout_urls: [],
    require_pkce: true,
    refresh_token: { token_lifetime: 2_592_000 },
    secrets: [createSecret(SECRET, now.getTime())],
    ...fields,
  })
}

export type Parameters = Record<string, string>

export const GOOD: Parameters = {
  grant_type: 'client_credentials',
  client_id: CLIENT_ID,
  client_secret: SECRET,
  audience: AUDIENCE,
}

export function postToken(app: express.Express, parameters: Parameters, type = 'form'): request.Test {
  return request(app).post('/oauth/token').type(type).send(parameters)
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

export function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.')
  const read = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: read(header), claims: read(claims) }
}
