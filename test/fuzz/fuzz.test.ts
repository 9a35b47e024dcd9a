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
import { listen, type Running } from '../support/running.js'
import { seedKeys } from '../support/seeded-keys.js'
import { describeStores } from '../support/stores.js'
import { API, Tour } from '../support/tour.js'
import { anyRequest, type Known, type WireRequest } from './requests.js'
import { documented } from '../support/documented.js'

/** Requests on each engine, and how many of them are under way at once. `FUZZ_RUNS` and `FUZZ_SEED` make other ones. */
const REQUESTS = Number(process.env['FUZZ_RUNS'] ?? 10_000)
const AT_ONCE = 10
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_131)

/** What may stay in memory after the first tenth of the requests: the caches are far from full by then. */
const GROWTH = 48 * 1024 * 1024

const MANAGER = { id: 'ops', secret: 'a secret of forty characters, or nearly!' }

/** The documented statuses, by the first segment of the path. */
const STATUSES: Record<string, number[]> = {
  apis: [200, 201, 204, 400, 401, 403, 404, 405, 409, 412, 413, 415],
  clients: [200, 201, 204, 400, 401, 403, 404, 405, 409, 412, 413, 415],
  keys: [401, 404],
  logs: [401, 404],
  oauth: [200, 400, 401, 404, 405, 413],
  authorize: [400, 405],
  '.well-known': [200, 204, 304, 405],
  guarded: [200, 400, 401, 403],
  nothing: [404],
}

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

describeStores('any 10 000 requests', engine => {
  let server: AuthorizationServer
  let running: Running
  let known: Known
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const rejections: unknown[] = []
  const onRejection = (reason: unknown): void => void rejections.push(reason)

  before(async () => {
    process.on('unhandledRejection', onRejection)
    running = await listen(async url => {
      server = documented(
        await authorizationServer({
          issuer: url,
          store: await seedKeys(await engine.open()),
          managementClient: MANAGER,
          rateLimits: false,
        }),
      )
      const { requireScope } = resourceServer({ issuer: url, audience: API.identifier })
      const app = express()
      app.use(server.router, server.adminRouter)
      app.all('/guarded', requireScope('read:users'), (_req, res) => void res.json({}))
      return app
    })
    known = await prepare(running.url)
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
    return {
      apiIds: apis.ids,
      clientIds: [...clients.ids, made.client_id, MANAGER.id],
      credentials: [
        [MANAGER.id, MANAGER.secret],
        [reader.id, reader.secret],
        [reader.id, 'wrong'],
      ],
      authorizations: [...Array<string>(6).fill(`Bearer ${manager}`), `bearer ${access_token}`, 'Basic eA=='],
      cursors: [apis.next, clients.next],
    }
  }

  function send({ method, target, headers, body }: WireRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(running.url)
      const length = body !== undefined && { 'content-length': Buffer.byteLength(body) }
      const options = { agent, hostname, port, method, path: target, headers: { ...headers, ...length } }
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
      sent.on('error', reject)
      sent.end(body)
    })
  }

  /** What every answer must be. Learns what was made, for the requests to come. */
  function check(request: WireRequest, { status, headers, body }: Answer): void {
    const shown = `${request.method} ${request.target}: ${status} ${body.slice(0, 300)}`
    const [, segment = ''] = request.target.split(/[/?]/)
    expect(STATUSES[segment.toLowerCase()] ?? [404], shown).to.include(status)
    expect(body, shown).not.to.match(/node_modules|at \w+ \(|Mongo|lmdb|E11000/)
    if (body === '' || segment === 'nothing' || status === 404) return
    if (segment === 'authorize') return void expect(headers['content-type'], shown).to.match(/^text\/html/)
    expect(headers['content-type'], shown).to.match(/^application\/json/)
    const answer = JSON.parse(body)
    if (status >= 400) expect(answer, shown).to.satisfy((fault: object) => 'error' in fault || 'error_code' in fault)
    if (status === 201 && typeof answer.id === 'string') learn(answer.id)
  }

  function learn(id: string): void {
    const ids = id.startsWith('api_') ? known.apiIds : known.clientIds
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

  async function run(requests: number, seed: number): Promise<void> {
    // The generator knows what the requests before have made.
    const batch = fc.constant(null).chain(() => fc.array(anyRequest(known), { minLength: AT_ONCE, maxLength: AT_ONCE }))
    const property = fc.asyncProperty(batch, async sent => {
      const answers = await Promise.all(sent.map(send))
      for (const [at, answer] of answers.entries()) check(sent[at] as WireRequest, answer)
    })
    await fc.assert(property, { numRuns: Math.ceil(requests / AT_ONCE), seed, endOnFailure: true })
  }

  it('get documented answers, leave no promise without an owner, and nothing in memory', async function fuzz() {
    this.timeout(0)
    await run(REQUESTS / 10, SEED)
    const before = heapUsed()
    await run((REQUESTS * 9) / 10, SEED + 1)
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
})
