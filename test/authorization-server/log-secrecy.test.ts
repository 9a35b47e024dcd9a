import { expect } from 'chai'
import express from 'express'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { KEY_RING_ID } from '../../lib/authorization-server/keys/signing-keys.js'
import { LOG_TYPES, type LogRecord } from '../../lib/store/log-records.js'
import { walk } from '../../lib/store/walk.js'
import { demoUsers } from '../../lib/users/index.js'
import { listen, type Running } from '../support/running.js'
import { seedKeys } from '../support/seeded-keys.js'
import { describeStores } from '../support/stores.js'
import { API, Tour } from '../support/tour.js'
import { UserAgent } from '../support/user-agent.js'
import { CHALLENGE, VERIFIER } from './user-fixtures.js'

const CALLBACK = 'https://app.example.com/callback'
const MANAGEMENT = { clientId: 'management', clientSecret: 'a-secret-that-must-not-be-in-any-record-of-the-log' }

type Answers = Record<string, string>

describeStores('the log holds no secret', engine => {
  let server: AuthorizationServer
  let running: Running
  /** Everything that must be in no record, by what it is. */
  const secrets = new Map<string, string>()
  const events: unknown[] = []

  const keep = (name: string, value: string | null | undefined): string => {
    expect(value, name).to.be.a('string').and.have.length.above(20)
    secrets.set(name, value ?? '')
    return value ?? ''
  }
  const jsonOf = async (answer: Response): Promise<Answers> => (await answer.json()) as Answers

  before(async () => {
    secrets.clear()
    running = await listen(async issuer => {
      const { router, users } = demoUsers(['ada'])
      server = await authorizationServer({
        ...{ issuer, users, managementClient: { id: MANAGEMENT.clientId, secret: MANAGEMENT.clientSecret } },
        ...{ store: await seedKeys(await engine.open()), refreshGrace: 0, revocation: { accessTokens: true } },
        onEvent: event => events.push(event),
      })
      return express().use(router).use(server.router).use(server.adminRouter)
    })
  })
  after(async () => {
    await running.stop()
    await server.close()
  })

  it('whatever succeeds, and whatever is refused', async function flow() {
    this.timeout(120_000)
    const { url } = running
    const tour = new Tour(url)
    keep('the management secret', MANAGEMENT.clientSecret)
    keep('the management token', await tour.logIn({ account: 'default', issuer: url, ...MANAGEMENT }))

    // Management.
    const { id: apiId = '' } = await jsonOf(await tour.call('POST', '/apis', API))
    const web = { name: 'Web', application_type: 'web', callbacks: [CALLBACK] }
    const made = await jsonOf(await tour.call('POST', '/clients', web))
    const own = { id: made['client_id'] ?? '', secret: keep("the client's secret", made['client_secret']) }
    const added = await jsonOf(await tour.call('POST', `/clients/${own.id}/secrets`))
    keep('the second secret', added['client_secret'])
    await tour.call('POST', `/clients/${own.id}`, { description: 'changed' })
    await tour.call('DELETE', `/clients/${own.id}/secrets/${added['id']}`)
    await tour.call('POST', `/apis/${apiId}`, { token_lifetime: 3600 })

    // Users.
    const state = keep('the state', 'a-state-that-nobody-else-may-know')
    const nonce = keep('the nonce', 'a-nonce-that-nobody-else-may-know')
    const target = new URL('/authorize', url)
    const asked = { response_type: 'code', client_id: own.id, redirect_uri: CALLBACK, audience: API.identifier }
    const rest = { scope: 'openid offline_access read:users', state, nonce, code_challenge_method: 'S256' }
    target.search = new URLSearchParams({ ...asked, ...rest, code_challenge: CHALLENGE }).toString()
    const agent = new UserAgent(CALLBACK)
    const consent = await agent.submit(await agent.open(target), ['user', 'ada'])
    for (const [name, { value }] of agent.cookies) keep(`the cookie ${name}`, value)
    const callback = new URL((await agent.submit(consent, ['decision', 'allow'])).url)
    const code = keep('the code', callback.searchParams.get('code'))
    keep('the verifier', VERIFIER)
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER }
    const tokens = await jsonOf(await tour.token(own, exchange))
    keep('the access token', tokens['access_token'])
    keep('the ID token', tokens['id_token'])
    const first = keep('the refresh token', tokens['refresh_token'])
    const refreshed = await jsonOf(await tour.token(own, { grant_type: 'refresh_token', refresh_token: first }))
    keep('the second refresh token', refreshed['refresh_token'])

    // Refusals.
    const refused = async (answer: Promise<Response>, status: number): Promise<void> => {
      expect((await answer).status).to.equal(status)
    }
    const wrong = keep('a wrong secret', 'a-wrong-secret-that-somebody-mistyped')
    await refused(tour.token({ ...own, secret: wrong }), 401)
    await refused(tour.token({ id: own.secret, secret: own.id }), 401)
    await refused(tour.token({ id: first, secret: own.id }), 401)
    await refused(tour.token(own, { grant_type: 'refresh_token', refresh_token: first }), 400)
    await refused(tour.token(own, exchange), 400)
    for (const name of ['access_token', 'id_token'] as const) {
      await refused(fetch(`${url}/apis`, { headers: { authorization: `Bearer ${tokens[name]}` } }), 401)
    }
    await agent.open(new URL(`/authorize?client_id=${own.secret}&state=${state}`, url))
    await agent.open(new URL(`${target.href}&scope=${code}`))
    await tour.call('DELETE', `/apis/${apiId}`)
    await tour.call('DELETE', `/clients/${own.id}`)

    // What is stored of them.
    const { records, log } = server.context
    for (const key of (await records.keyRings.get('default', KEY_RING_ID))?.keys ?? []) keep('a key', key.private_jwk)
    for (const { hash } of (await records.clients.get('default', MANAGEMENT.clientId))?.secrets ?? []) {
      keep('the hash of a secret', hash)
    }

    await log.settled()
    const all: LogRecord[] = []
    for await (const record of walk(records.logs, 'default', { type: 'and', nodes: [] })) all.push(record)
    const told = JSON.stringify(all)
    const types = new Set(all.map(({ type }) => type))
    const elsewhere = new Set(['key.created', 'key.rotated', 'key.deleted', 'limit.reached'])
    expect([...types]).to.include.members(LOG_TYPES.filter(type => !elsewhere.has(type)))
    const found = [...secrets].filter(([, value]) => told.includes(value)).map(([name]) => name)
    expect(found).to.deep.equal([])
    const heard = JSON.stringify(events)
    expect([...secrets].filter(([, value]) => heard.includes(value)).map(([name]) => name)).to.deep.equal([])
  })
})
