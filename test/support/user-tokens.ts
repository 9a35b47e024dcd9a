import { createPrivateKey, randomBytes } from 'node:crypto'
import express, { type Express } from 'express'
import { SignJWT } from 'jose'
import request from 'supertest'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  authorizationServer,
} from '../../lib/authorization-server/index.js'
import { createSecret } from '../../lib/authorization-server/clients/client-secrets.js'
import { createFamily } from '../../lib/authorization-server/grants/refresh-tokens.js'
import { KEY_RING_ID } from '../../lib/authorization-server/keys/signing-keys.js'
import { createId } from '../../lib/store/ids.js'
import type { ApiRecord, ClientRecord } from '../../lib/store/records.js'
import type { ConsentRecord, GrantRecord } from '../../lib/store/user-records.js'
import { seedKeys } from './seeded-keys.js'
import type { StoreEngine } from './stores.js'
import { documented } from './documented.js'

export const ISSUER = 'https://id.example.com'
export const AUDIENCE = 'https://api.example.com'
export const ORIGIN = 'https://app.example.com'
export const USER = 'ada'
export const SECRET = 'Zm9yIHRlc3RzIG9ubHk'
export const START = Date.parse('2026-03-01T12:00:00Z')

/** Members of a record; one of `undefined` is left out. */
type Own<T> = { [Name in keyof T]?: T[Name] | undefined }

/** Options over those of the helper; one of `undefined` is left out. */
type Options = Own<AuthorizationServerOptions>

const present = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T

/** A server with users, and records made by hand: what `/authorize` and the token endpoint would have made. */
export interface UserServer {
  server: AuthorizationServer
  app: Express
  clock: { time: number; now(): number }
  events: Record<string, unknown>[]
  addApi(fields?: Own<ApiRecord>): Promise<ApiRecord>
  addClient(fields?: Own<ClientRecord>): Promise<ClientRecord>
  addGrant(fields?: Own<GrantRecord>): Promise<GrantRecord>
  addConsent(fields?: Own<ConsentRecord>): Promise<ConsentRecord>
  /** A JWT with these claims over those of an access token of the grant, signed by an account's key. */
  sign(grant: GrantRecord | undefined, claims?: object, header?: { typ?: string; account?: string }): Promise<string>
  /** Posts a form. Credentials: those of `cli_app`, unless they are given. */
  post(path: string, form: Record<string, string>, id?: string): request.Test
}

export async function userServer(engine: StoreEngine, options: Options = {}): Promise<UserServer> {
  const clock = { time: START, now: () => clock.time }
  const events: Record<string, unknown>[] = []
  const issuer = options.accounts === undefined ? { issuer: ISSUER } : {}
  const all = {
    ...issuer,
    store: await seedKeys(await engine.open(clock)),
    clock,
    users: { authenticate: () => undefined, loginUrl: '/login' },
    authorizeAdmin: () => ({ scopes: [] }),
    onEvent: (event: object) => void events.push({ ...event }),
    ...options,
  }
  const server = documented(await authorizationServer(present(all) as AuthorizationServerOptions))
  const app = express()
  app.use(server.router)
  app.use(server.adminRouter)
  const { records } = server.context
  const base = (prefix: string) => ({
    ...{ id: createId(prefix, clock.now()), account: 'default', revision: 1 },
    ...{ createdAt: new Date(clock.now()), updatedAt: new Date(clock.now()) },
  })
  return {
    ...{ server, app, clock, events },
    addApi(fields) {
      const own = base('api_')
      return records.apis.insert({
        ...{ ...own, name: 'Example', slug: own.id.replace('_', '-'), identifier: AUDIENCE, is_system: false },
        permissions: [{ value: 'read:users' }, { value: 'write:users' }],
        ...{ signing_alg: 'RS256', token_dialect: 'access_token', token_lifetime: 3600 },
        ...{ enforce_policies: true, allow_offline_access: true, skip_consent: false, ...fields },
      } as ApiRecord)
    },
    addClient(fields) {
      return records.clients.insert({
        ...{ ...base('cli_'), id: 'cli_app', name: 'App', application_type: 'web', is_first_party: false },
        ...{ token_endpoint_auth_method: 'client_secret_basic', callbacks: [], logout_urls: [], web_origins: [ORIGIN] },
        grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
        ...{ require_pkce: true, refresh_token: { token_lifetime: 2_592_000 } },
        ...{ secrets: [createSecret(SECRET, clock.now())], ...fields },
      } as ClientRecord)
    },
    addGrant(fields) {
      const expires_at = new Date(clock.now() + 3_600_000)
      const made = {
        ...{ ...base('gra_'), user: USER, client_id: 'cli_app', audience: AUDIENCE, expires_at },
        ...{ scope: ['read:users', 'openid', 'offline_access'], ...fields },
      }
      return records.grants.insert(present(made) as GrantRecord)
    },
    addConsent(fields) {
      return records.consents.insert({
        ...{ ...base('con_'), user: USER, client_id: 'cli_app', audience: AUDIENCE, scope: ['read:users'] },
        ...{ key: randomBytes(32).toString('base64url'), ...fields },
      } as ConsentRecord)
    },
    async sign(grant, claims = {}, { typ = 'at+jwt', account = 'default' } = {}) {
      const ring = await records.keyRings.get(account, KEY_RING_ID)
      const { kid = '', private_jwk = '' } = ring?.keys.find(({ state }) => state === 'current') ?? {}
      const iat = Math.floor(clock.now() / 1000)
      const random = randomBytes(16).toString('base64url')
      const payload = {
        ...{ iss: ISSUER, sub: grant?.user ?? 'cli_app', aud: grant?.audience ?? AUDIENCE },
        ...{ client_id: grant?.client_id ?? 'cli_app', account, scope: grant?.scope.join(' ') ?? 'read:users' },
        ...{ iat, exp: iat + 600, jti: grant === undefined ? random : `${grant.id}.${random}`, ...claims },
      }
      const key = createPrivateKey({ key: JSON.parse(private_jwk), format: 'jwk' })
      return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', typ, kid }).sign(key)
    },
    post(path, form, id = 'cli_app') {
      return request(app).post(path).auth(id, SECRET).type('form').send(form)
    },
  }
}

/** A grant with refresh tokens, and the first of them. */
export async function addFamily(
  test: UserServer,
  fields: Partial<GrantRecord> = {},
): Promise<{ grant: GrantRecord; token: string }> {
  const id = createId('gra_', START)
  const { token, stored } = createFamily(id)
  return { token, grant: await test.addGrant({ id, ...stored, ...fields }) }
}
