import { createHash } from 'node:crypto'
import type express from 'express'
import type request from 'supertest'
import { issueCode } from '../../lib/authorization-server/grants/authorization-codes.js'
import type { CheckedUser } from '../../lib/authorization-server/users/users.js'
import type { UsersOption } from '../../lib/authorization-server/users/users-option.js'
import { type AuthorizationServerOptions, authorizationServer } from '../../lib/authorization-server/index.js'
import { createId } from '../../lib/store/ids.js'
import type { ApiRecord, ClientRecord } from '../../lib/store/records.js'
import {
  AUTHORIZATION_REQUEST_KIND,
  type AuthorizationRequestRecord,
  type GrantRecord,
} from '../../lib/store/user-records.js'
import { documented } from '../support/documented.js'
import { seedKeys } from '../support/seeded-keys.js'
import type { StoreEngine } from '../support/stores.js'
import {
  AUDIENCE,
  addApi,
  addClient,
  CLIENT_ID,
  ISSUER,
  mount,
  type Parameters,
  postToken,
  type TestClock,
  testClock,
} from './fixtures.js'

export const REDIRECT = 'https://app.example.com/callback'
/** 43 characters, as short as may be. */
export const VERIFIER = 'v'.repeat(43)
export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')
export const CHALLENGE = challengeOf(VERIFIER)
export const USER = 'ada'

/** What `permissionsOf` and `claimsOf` were asked, and what they answer; a test changes it. */
export interface Host {
  /** undefined: all. */
  permissions: readonly string[] | undefined
  claims: Record<string, unknown>
  /** Set: both throw. */
  fault: boolean
  asked: { scopes: readonly string[]; user: string; of: 'permissions' | 'claims' }[]
}

export interface UserFlow {
  server: Awaited<ReturnType<typeof authorizationServer>>
  app: express.Express
  clock: TestClock
  events: { type: string; [member: string]: unknown }[]
  host: Host
  api: ApiRecord
  client: ClientRecord
  /** The user says yes. @returns the code */
  authorize(about?: Authorization): Promise<string>
  /** Posts what a good exchange posts, with these changes; an empty text takes one away. */
  exchange(code: string, changes?: Parameters): request.Test
  refresh(token: string, changes?: Parameters): request.Test
  /** Every grant of the account. */
  grants(): Promise<GrantRecord[]>
  /** Removes them, so that `grants()` is about one test. */
  removeGrants(): Promise<void>
  /** Puts API, client and host as they were, and forgets the events. */
  reset(): Promise<void>
  changeApi(changes: Partial<ApiRecord>): Promise<void>
  changeClient(changes: Partial<ClientRecord>): Promise<void>
  count(type: string): number
  close(): Promise<void>
}

export interface Authorization {
  scope?: readonly string[]
  request?: Partial<AuthorizationRequestRecord>
  /** Takes these away from the request. */
  without?: readonly (keyof AuthorizationRequestRecord)[]
  user?: Partial<CheckedUser>
  consentId?: string
}

export interface FlowOptions {
  api?: Partial<ApiRecord>
  client?: Partial<ClientRecord>
  options?: Partial<AuthorizationServerOptions>
}

export const LASTING = ['read:users', 'write:users', 'openid', 'offline_access']

/** A server, an API with `offline_access`, a public client of user flows. Its clock drives the store too. */
export async function startFlow(
  engine: Pick<StoreEngine, 'open'>,
  { api: apiFields, client: clientFields, options }: FlowOptions = {},
): Promise<UserFlow> {
  const clock = testClock()
  const store = await seedKeys(await engine.open(clock))
  const host: Host = { permissions: undefined, claims: {}, fault: false, asked: [] }
  const events: UserFlow['events'] = []
  const server = documented(
    await authorizationServer({
      ...{ issuer: ISSUER, store, clock, users: usersOf(host), rateLimits: false },
      onEvent: event => events.push(event),
      ...options,
    }),
  )
  const app = mount('/', server.router)
  const test = { server, app, clock, events, store: store as never }
  const api = await addApi(test, { allow_offline_access: true, ...apiFields })
  const client = await addClient(test, {
    ...{ token_endpoint_auth_method: 'none', secrets: [], application_type: 'spa' },
    ...{ grant_types: ['authorization_code', 'refresh_token'], callbacks: [REDIRECT] },
    ...clientFields,
  })
  const { records, registry } = server.context
  const flow: UserFlow = {
    ...{ server, app, clock, events, host, api, client },
    async authorize(about = {}) {
      const { scope = LASTING, user, consentId } = about
      const decision = { request: requestFor(api, client, clock.time, about), scope }
      const whole = { ...decision, user: { id: USER, ...user }, ...(consentId !== undefined && { consentId }) }
      return (await issueCode(whole, { records, clock })).code
    },
    exchange: (code, changes = {}) => postToken(app, exchangeOf(code, changes)),
    refresh: (token, changes = {}) => postToken(app, refreshOf(token, changes)),
    grants: async () => (await records.grants.find('default', { limit: 1000 })).records,
    async removeGrants() {
      for (const { id } of await flow.grants()) await records.grants.remove('default', id)
    },
    async reset() {
      Object.assign(host, { permissions: undefined, fault: false, claims: {}, asked: [] })
      events.length = 0
      const { revision: _of, ...asApi } = api
      const { revision: _too, ...asClient } = client
      await flow.changeApi(asApi)
      await flow.changeClient({ api_grants: undefined as never, ...asClient })
    },
    async changeApi(changes) {
      const present = await records.apis.get('default', api.id)
      if (present === null) throw new Error('no API')
      await records.apis.replace({ ...present, ...changes }, present.revision)
      registry.apiChanged('default', api.identifier)
    },
    async changeClient(changes) {
      const present = await records.clients.get('default', client.id)
      if (present === null) throw new Error('no client')
      const changed = { ...present, ...changes }
      if (changed.api_grants === undefined) delete changed.api_grants
      await records.clients.replace(changed, present.revision)
      registry.clientChanged('default', client.id)
    },
    count: type => events.filter(event => event.type === type).length,
    close: () => server.close(),
  }
  return flow
}

export function exchangeOf(code: string, changes: Parameters = {}): Parameters {
  const whole = { grant_type: 'authorization_code', client_id: CLIENT_ID, code, redirect_uri: REDIRECT }
  return { ...whole, code_verifier: VERIFIER, ...changes }
}

export function refreshOf(token: string, changes: Parameters = {}): Parameters {
  return { grant_type: 'refresh_token', client_id: CLIENT_ID, refresh_token: token, ...changes }
}

export function requestFor(
  api: ApiRecord,
  client: ClientRecord,
  now: number,
  { scope = LASTING, request: fields, without = [] }: Authorization = {},
): AuthorizationRequestRecord {
  const whole: AuthorizationRequestRecord = {
    ...{ id: createId(AUTHORIZATION_REQUEST_KIND.idPrefix, now), account: 'default', revision: 1 },
    ...{ createdAt: new Date(now), updatedAt: new Date(now), expires_at: new Date(now + 600_000) },
    ...{ client_id: client.id, redirect_uri: REDIRECT, redirect_uri_given: true, audience: AUDIENCE, api_id: api.id },
    ...{ scope: [...scope], nonce: 'n-1', code_challenge: CHALLENGE, prompt: [], browser: 'b' },
    ...fields,
  }
  for (const member of without) delete (whole as Partial<AuthorizationRequestRecord>)[member]
  return whole
}

function usersOf(host: Host): UsersOption {
  const ask = <T>(of: 'permissions' | 'claims', user: string, scopes: readonly string[], answer: T): T => {
    host.asked.push({ of, user, scopes })
    if (host.fault) throw new Error('the host is at fault')
    return answer
  }
  return {
    authenticate: () => ({ id: USER }),
    loginUrl: '/login',
    permissionsOf: ({ user, scopes }) => ask('permissions', user, scopes, host.permissions ?? scopes),
    claimsOf: (user, scopes) => ask('claims', user, scopes, host.claims),
  }
}
