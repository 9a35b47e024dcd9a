import express, { type Express } from 'express'
import request from 'supertest'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  authorizationServer,
} from '../../lib/authorization-server/index.js'
import { seedKeys } from '../support/seeded-keys.js'
import type { StoreEngine } from '../support/stores.js'
import { AUDIENCE, ISSUER, type Parameters, postToken, type TestClock, testClock } from './fixtures.js'
import { CHALLENGE, REDIRECT, VERIFIER } from './user-fixtures.js'

export const MANAGER = { id: 'manager', secret: 'a-secret-of-the-management-client-of-the-tests' }

export type Body = Record<string, unknown>

/** A server whose management API is called as users do, by token, and which somebody is signed in at. */
export interface Logged {
  server: AuthorizationServer
  app: Express
  clock: TestClock
  events: { type: string; [member: string]: unknown }[]
  /** A token with every management scope. */
  token: string
  manage(method: 'get' | 'post' | 'delete', path: string, body?: object): request.Test
  /** An API with the permissions `read:users` and `write:users`, and consent skipped. @returns its id */
  makeApi(fields?: object): Promise<string>
  /** A client of the first party. */
  makeClient(fields?: object): Promise<{ id: string; secret: string }>
  postToken(parameters: Parameters): request.Test
  /** Signs nobody in and asks nobody: the user is there, and consent is skipped. @returns the code */
  authorize(clientId: string, change?: Parameters): Promise<string>
  exchange(clientId: string, code: string): Promise<Body>
  /** What `GET /logs` shows, without ids and times. The newest comes first. */
  logs(query: string): Promise<Body[]>
  /** The newest of a type. */
  newest(type: string): Promise<Body>
  close(): Promise<void>
}

export const WEB = {
  ...{ name: 'Web', application_type: 'spa', callbacks: [REDIRECT], is_first_party: true },
  grant_types: ['authorization_code', 'refresh_token'],
}

export async function startLogged(
  engine: Pick<StoreEngine, 'open'>,
  options: Partial<AuthorizationServerOptions> = {},
): Promise<Logged> {
  const clock = testClock()
  const events: Logged['events'] = []
  const server = await authorizationServer({
    ...{ issuer: ISSUER, clock, managementClient: MANAGER, rateLimits: false },
    store: await seedKeys(await engine.open(clock), undefined, undefined, clock.now()),
    users: { authenticate: () => ({ id: 'ada' }), loginUrl: '/login' },
    onEvent: event => events.push(event),
    ...options,
  })
  const app = express().use(server.router).use(server.adminRouter)
  const login = { grant_type: 'client_credentials', client_id: MANAGER.id, client_secret: MANAGER.secret }
  const { body } = await postToken(app, login).expect(200)
  const token = String(body.access_token)
  const manage: Logged['manage'] = (method, path, sent) => {
    const call = request(app)[method](path).set('authorization', `Bearer ${token}`)
    return sent === undefined ? call : call.send(sent)
  }
  const logged: Logged = {
    ...{ server, app, clock, events, token, manage },
    async makeApi(fields = {}) {
      const permissions = [{ value: 'read:users' }, { value: 'write:users' }]
      const rules = { permissions, skip_consent: true, allow_offline_access: true }
      const answer = await manage('post', '/apis', { name: 'API', identifier: AUDIENCE, ...rules, ...fields }).expect(
        201,
      )
      return answer.body.id
    },
    async makeClient(fields = {}) {
      const answer = await manage('post', '/clients', { name: 'Client', ...fields }).expect(201)
      return { id: answer.body.client_id, secret: answer.body.client_secret }
    },
    postToken: parameters => postToken(app, parameters),
    async authorize(clientId, change = {}) {
      const parameters = {
        ...{ response_type: 'code', client_id: clientId, redirect_uri: REDIRECT, audience: AUDIENCE, prompt: 'none' },
        ...{ scope: 'read:users offline_access', code_challenge: CHALLENGE, code_challenge_method: 'S256', ...change },
      }
      const answer = await request(app).get('/authorize').query(parameters).redirects(0)
      return new URL(answer.headers['location'] ?? REDIRECT).searchParams.get('code') ?? ''
    },
    async exchange(clientId, code) {
      const verified = { code, code_verifier: VERIFIER, redirect_uri: REDIRECT }
      return (await postToken(app, { grant_type: 'authorization_code', client_id: clientId, ...verified })).body
    },
    async logs(query) {
      const answer = await manage('get', '/logs').query({ query, pageSize: '200' }).expect(200)
      return answer.body.results.map(({ id: _id, createdAt: _at, ...said }: Body) => said)
    },
    async newest(type) {
      const [first] = await logged.logs(`type:${type}`)
      if (first === undefined) throw new Error(`there is no ${type}`)
      return first
    },
    close: () => server.close(),
  }
  return logged
}
