import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import express from 'express'
import fc from 'fast-check'
import {
  type AuthorizationServer,
  authorizationServer,
  MANAGEMENT_AUDIENCE,
} from '../../lib/authorization-server/index.js'
import { resourceServer } from '../../lib/index.js'
import { issueCode } from '../../lib/authorization-server/grants/authorization-codes.js'
import { eq } from '../../lib/query/tree.js'
import { findFirst } from '../../lib/store/walk.js'
import { CHALLENGE, exchangeOf, REDIRECT, requestFor } from '../authorization-server/user-fixtures.js'
import { createId } from '../../lib/store/ids.js'
import { createAnswerChecker, type OpenApiDocument } from '../support/answer-checker.js'
import { listen, type Running } from '../support/running.js'
import { seedKeys } from '../support/seeded-keys.js'
import { describeStores } from '../support/stores.js'
import { API, Tour } from '../support/tour.js'
import { type Described, documentRequest } from './document-requests.js'
import { anyRequest, type Known, type WireRequest } from './requests.js'

/** Requests on each engine, and how many of them are under way at once. `FUZZ_RUNS` and `FUZZ_SEED` make other ones. */
const REQUESTS = Number(process.env['FUZZ_RUNS'] ?? 10_000)
const DOCUMENT_REQUESTS = Number(process.env['FUZZ_RUNS'] ?? 2_000)
const AT_ONCE = 10
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_131)

/** What may stay in memory after the first tenth of the requests: the caches are far from full by then. */
const GROWTH = 48 * 1024 * 1024

const MANAGER = { id: 'ops', secret: 'a secret of forty characters, or nearly!' }

/** Milliseconds that one answer may take: nothing hangs. */
const ANSWER_TIMEOUT = 30_000

/** What is not in the document: what the guard of the host answers. */
const GUARDED = [200, 400, 401, 403]

/** Operations that some of the requests get through to, but for a few of them: else the others would be worth little. */
const SERVED = [
  ...['listApis', 'createApi', 'readApi', 'updateApi', 'deleteApi'],
  ...['listClients', 'createClient', 'readClient', 'updateClient', 'deleteClient', 'createClientSecret'],
  ...['listConsents', 'readConsent', 'deleteConsent', 'listGrants', 'readGrant', 'deleteGrant'],
  ...['issueToken', 'revokeToken', 'introspectToken', 'readUserInfo', 'postUserInfo', 'authorize', 'postAuthorize'],
]

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

describeStores('any 10 000 requests', engine => {
  let server: AuthorizationServer
  let running: Running
  let known: Known
  let document: OpenApiDocument & Described
  let findFault: ReturnType<typeof createAnswerChecker>
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const served = new Set<string>()
  const rejections: unknown[] = []
  const onRejection = (reason: unknown): void => void rejections.push(reason)

  before(async () => {
    process.on('unhandledRejection', onRejection)
    running = await listen(async url => {
      server = await authorizationServer({
        issuer: url,
        store: await seedKeys(await engine.open()),
        managementClient: MANAGER,
        rateLimits: false,
        users: { authenticate: () => ({ id: 'ada' }), loginUrl: '/login' },
      })
      const { requireScope } = resourceServer({ issuer: url, audience: API.identifier })
      const app = express()
      app.use(server.openApiRouter, server.router, server.adminRouter)
      app.all('/guarded', requireScope('read:users'), (_req, res) => void res.json({}))
      return app
    })
    known = await prepare(running.url)
    document = (await (await fetch(`${running.url}/openapi.json`)).json()) as typeof document
    findFault = createAnswerChecker(document)
  })
  after(async () => {
    agent.destroy()
    await running.stop()
    await server.close()
    process.off('unhandledRejection', onRejection)
  })

  async function prepare(url: string): Promise<Known> {
    const tour = new Tour(url)
    const manager = await tour.logIn({
      account: 'default',
      issuer: url,
      clientId: MANAGER.id,
      clientSecret: MANAGER.secret,
    })
    const reader = await tour.register()
    // These may be deleted by any request; those above stay.
    await tour.call('POST', '/apis', { name: 'Other', identifier: 'urn:example:other' })
    await tour.call('POST', '/clients', { name: 'Other' })
    const idsOf = async (path: string): Promise<{ ids: string[]; next: string }> => {
      const answer = await tour.call('GET', `${path}?pageSize=1`)
      const { results, next } = (await answer.json()) as { results: { id: string }[]; next: string }
      return { ids: results.map(({ id }) => id), next }
    }
    const [apis, clients] = [await idsOf('/apis'), await idsOf('/clients')]
    const limited = {
      name: 'Limited',
      api_grants: [{ audience: MANAGEMENT_AUDIENCE, scope: ['read:apis', 'update:clients'] }],
    }
    const made = (await (await tour.call('POST', '/clients', limited)).json()) as {
      client_id: string
      client_secret: string
    }
    const answer = await tour.token({ id: made.client_id, secret: made.client_secret })
    const { access_token } = (await answer.json()) as { access_token: string }
    const { appId, userToken } = await signIn(server, tour, url)
    return {
      ids: {
        apis: apis.ids,
        clients: [...clients.ids, made.client_id, MANAGER.id],
        ...(await authorizeUsers(server)),
      },
      values: {
        ...{ client_id: [reader.id, appId, 'none'], client_secret: [reader.secret, 'wrong'] },
        ...{ audience: [API.identifier, MANAGEMENT_AUDIENCE], resource: [API.identifier], response_type: ['code'] },
        ...{ grant_type: ['client_credentials'], token: [access_token], access_token: [userToken] },
        ...{ scope: ['read:users', 'openid read:users'], redirect_uri: [REDIRECT], state: ['s'] },
        ...{ code_challenge: [CHALLENGE], code_challenge_method: ['S256'], response_mode: ['query'] },
        ...{ prompt: ['login', 'none'], max_age: ['60'] },
        ...{ next: [apis.next, clients.next], pageSize: ['1', '200'], query: ['name:a', 'createdAt:<2030-01-01'] },
      },
      credentials: [
        [MANAGER.id, MANAGER.secret],
        [reader.id, reader.secret],
        [reader.id, 'wrong'],
      ],
      authorizations: [
        ...Array<string>(6).fill(`Bearer ${manager}`),
        ...[`bearer ${access_token}`, `Bearer ${userToken}`, 'Basic eA=='],
      ],
      cursors: [apis.next, clients.next],
    }
  }

  function send({ method, target, headers, body }: WireRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(running.url)
      const length = body !== undefined && { 'content-length': Buffer.byteLength(body) }
      const options = {
        agent,
        hostname,
        port,
        method,
        path: target,
        timeout: ANSWER_TIMEOUT,
        headers: { ...headers, ...length },
      }
      const sent = httpRequest(options, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          })
        })
      })
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${target.slice(0, 200)} is not answered`)))
      sent.on('error', reject)
      sent.end(body)
    })
  }

  /** What every answer must be. Learns what was made, for the requests to come. */
  function check(request: WireRequest, { status, headers, body }: Answer): void {
    const shown = `${request.method} ${request.target.slice(0, 500)}: ${status} ${body.slice(0, 300)}`
    expect(body, shown).not.to.match(/node_modules|at \w+ \(|Mongo|lmdb|E11000/)
    expect(status, shown).to.be.below(500)
    if (/^\/guarded/i.test(request.target)) return void expect(GUARDED, shown).to.include(status)
    // Node itself refuses headers of more than 16 KB.
    if (status === 431 && request.target.length > 10_000) return
    // What no router takes, the host answers.
    if (status === 404 && String(headers['content-type']).startsWith('text/html')) return
    expect(findFault({ method: request.method, target: request.target, status, headers, body }), shown).to.equal(
      undefined,
    )
    if (status < 400 && request.operationId !== undefined) served.add(request.operationId)
    if (status === 201) learn((JSON.parse(body) as { id: string }).id)
  }

  function learn(id: string): void {
    const ids = id.startsWith('api_') ? known.ids.apis : known.ids.clients
    if (!id.startsWith('sec_')) ids.push(id)
    if (ids.length > 40) ids.splice(1, 1)
  }

  /** Bytes of the heap that are in use, after everything was collected that can be. */
  function heapUsed(): number {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    collect()
    return process.memoryUsage().heapUsed
  }

  async function run(
    request: () => fc.Arbitrary<WireRequest>,
    { requests, seed }: { requests: number; seed: number },
  ): Promise<void> {
    // The generator knows what the requests before have made.
    const batch = fc.constant(null).chain(() => fc.array(request(), { minLength: AT_ONCE, maxLength: AT_ONCE }))
    const property = fc.asyncProperty(batch, async sent => {
      const answers = await Promise.all(sent.map(send))
      for (const [at, answer] of answers.entries()) check(sent[at] as WireRequest, answer)
    })
    await fc.assert(property, { numRuns: Math.ceil(requests / AT_ONCE), seed, endOnFailure: true })
  }

  it('get documented answers, leave no promise without an owner, and nothing in memory', async function fuzz() {
    this.timeout(0)
    await run(() => anyRequest(known), { requests: REQUESTS / 10, seed: SEED })
    const before = heapUsed()
    await run(() => anyRequest(known), { requests: (REQUESTS * 9) / 10, seed: SEED + 1 })
    await new Promise(resolve => setImmediate(resolve))
    expect(heapUsed() - before).to.be.below(GROWTH)
    expect(rejections).to.deep.equal([])
    const { status } = await send({
      method: 'GET',
      target: '/apis',
      headers: { authorization: known.authorizations[0] ?? '' },
    })
    expect(status).to.equal(200)
  })
  it(`are answered as the document says, ${DOCUMENT_REQUESTS} of them made from its schemas`, async function fuzz() {
    this.timeout(0)
    const request = documentRequest(document, known)
    await run(() => request, { requests: DOCUMENT_REQUESTS, seed: SEED + 2 })
    expect(rejections).to.deep.equal([])
    const missed = SERVED.filter(operationId => !served.has(operationId))
    if (DOCUMENT_REQUESTS >= 2_000) expect(missed).to.have.length.below(5)
  })
})

/** Registers an application of users, and lets one of them sign in there. */
async function signIn(
  { context: { records, clock } }: AuthorizationServer,
  tour: Tour,
  url: string,
): Promise<{ appId: string; userToken: string }> {
  const app = { name: 'App', application_type: 'spa', callbacks: [REDIRECT], web_origins: ['https://a.example'] }
  const { id: appId } = (await (await tour.call('POST', '/clients', app)).json()) as { id: string }
  const client = await records.clients.get('default', appId)
  const api = await findFirst(records.apis, 'default', eq('identifier', API.identifier))
  if (client === null || api === null) throw new Error('they are not there')
  const scope = ['read:users', 'openid']
  const request = requestFor(api, client, clock.now(), { scope })
  const { code } = await issueCode({ request, user: { id: 'ada' }, scope }, { records, clock })
  const body = new URLSearchParams(exchangeOf(code, { client_id: appId }))
  const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body })
  return { appId, userToken: ((await answer.json()) as { access_token: string }).access_token }
}

/** Consents and grants of a user. @returns their ids */
async function authorizeUsers({
  context: { records, clock },
}: AuthorizationServer): Promise<{ consents: string[]; grants: string[] }> {
  const now = new Date(clock.now())
  const ids: { consents: string[]; grants: string[] } = { consents: [], grants: [] }
  for (let number = 0; number < 20; number++) {
    const own = { account: 'default', revision: 1, createdAt: now, updatedAt: now, user: 'ada', client_id: 'cli_app' }
    const all = { ...own, audience: API.identifier, scope: ['read:users'] }
    const consent = { ...all, id: createId('con_', now.getTime()), key: `key ${number}` }
    const grant = { ...all, id: createId('gra_', now.getTime()), expires_at: new Date(now.getTime() + 86_400_000) }
    ids.consents.push((await records.consents.insert(consent)).id)
    ids.grants.push((await records.grants.insert(grant)).id)
  }
  return ids
}
