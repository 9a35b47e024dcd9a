import { connect } from 'node:net'
import { once } from 'node:events'
import { expect } from 'chai'
import { Counter, Registry } from 'prom-client'
import request from 'supertest'
import { accountsByPath, type AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import { boundedLabel, methodLabel, statusLabel } from '../../lib/authorization-server/metrics/labels.js'
import { measureCollection } from '../../lib/authorization-server/metrics/measured-collection.js'
import { createMeter } from '../../lib/authorization-server/metrics/meter.js'
import { ROUTES, routeOf } from '../../lib/authorization-server/metrics/routes.js'
import { ConflictError, StoreUnavailableError } from '../../lib/errors.js'
import { CLIENT_KIND, type ClientRecord } from '../../lib/store/records.js'
import { listen } from '../support/running.js'
import { describeStores } from '../support/stores.js'
import { addApi, addClient, GOOD, mount, postToken, SECRET, startServer, type TestServer } from './fixtures.js'
import { startFlow } from './user-fixtures.js'

type Labels = Record<string, string>

/** The value of one sample; undefined: there is none. */
async function sample(registry: Registry, name: string, labels: Labels = {}): Promise<number | undefined> {
  const metrics = await registry.getMetricsAsJSON()
  const samples = metrics.flatMap(metric =>
    metric.values.map(value => ({ metricName: metric.name, ...(value as object) }) as never),
  ) as { metricName: string; labels: Labels; value: number }[]
  const found = samples.filter(
    ({ metricName, labels: own }) =>
      metricName === name && Object.entries(labels).every(([label, value]) => own[label] === value),
  )
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
}

/** The distinct values of a label. */
async function valuesOf(registry: Registry, name: string, label: string): Promise<string[]> {
  const { values } = (await registry.getMetricsAsJSON()).find(metric => metric.name === name) ?? { values: [] }
  return [...new Set(values.map(({ labels }) => String(labels[label])))]
}

interface Measured extends TestServer {
  registry: Registry
}

async function measured(options: Partial<AuthorizationServerOptions> = {}): Promise<Measured> {
  const test = await startServer({ authorizeAdmin: () => ({ scopes: ['read:apis'] }), ...options })
  const registry = new Registry()
  test.server.metrics(registry)
  return { ...test, app: mount('/', test.server.router, test.server.adminRouter), registry }
}

const DURATION = 'scopegate_request_duration_seconds_count'

describe('metrics: the registry', () => {
  for (const registry of [undefined, null, {}, 'registry', [], { registerMetric: () => {} }, Registry]) {
    it(`refuses ${typeof registry === 'function' ? 'a class' : JSON.stringify(registry)}`, async () => {
      const { server } = await startServer()
      expect(() => server.metrics(registry as never))
        .to.throw(TypeError, 'metrics: registry must be a Registry of prom-client')
        .with.property('code', 'ERR_INVALID_ARG_TYPE')
    })
  }

  it('is taken once', async () => {
    const { server } = await startServer()
    const registry = new Registry()
    server.metrics(registry)
    const before = registry.getMetricsAsArray().length
    for (const again of [registry, new Registry()]) {
      expect(() => server.metrics(again))
        .to.throw(TypeError, 'metrics: this server has a registry already')
        .with.property('code', 'ERR_INVALID_ARG_VALUE')
      expect(again.getMetricsAsArray()).to.have.length(again === registry ? before : 0)
    }
  })

  it('takes one server, and a server that it refused can have another', async () => {
    const registry = new Registry()
    const [first, second] = [await startServer(), await startServer()]
    first.server.metrics(registry)
    expect(() => second.server.metrics(registry))
      .to.throw(TypeError, 'metrics: the registry has the metrics of a server already')
      .with.property('code', 'ERR_INVALID_ARG_VALUE')
    expect(() => second.server.metrics(new Registry())).not.to.throw()
  })

  it("keeps the host's own metrics, and prom-client's global one is left alone", async () => {
    const { register } = await import('prom-client')
    const registry = new Registry()
    new Counter({ name: 'own_total', help: 'own', registers: [registry] })
    const { server } = await startServer()
    server.metrics(registry)
    expect(registry.getSingleMetric('own_total')).not.to.equal(undefined)
    expect(register.getMetricsAsArray()).to.deep.equal([])
  })

  it('is not needed: nothing is measured without', async () => {
    const test = await startServer()
    await addApi(test)
    await addClient(test)
    await postToken(test.app, GOOD).expect(200)
    expect(test.server.context.metering.meter).to.equal(undefined)
  })
})

describe('metrics: tokens', () => {
  let test: Measured
  before(async () => {
    test = await measured({ rateLimits: false })
    await addApi(test)
    await addClient(test)
  })

  const refusals: [parameters: object, grant_type: string, code: string][] = [
    [{ client_secret: 'wrong' }, 'unknown', 'invalid_client'],
    [{ grant_type: '' }, 'unknown', 'invalid_request'],
    [{ grant_type: 'x'.repeat(100) }, 'unknown', 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token' }, 'refresh_token', 'unauthorized_client'],
    [{ audience: 'urn:nobody:here' }, 'client_credentials', 'invalid_target'],
    [{ scope: 'delete:everything' }, 'client_credentials', 'invalid_scope'],
  ]
  for (const [parameters, grant_type, code] of refusals) {
    it(`counts ${JSON.stringify(parameters).slice(0, 60)} as ${grant_type}, ${code}`, async () => {
      const read = () => sample(test.registry, 'scopegate_tokens_refused_total', { grant_type, code })
      const readRefusals = () => sample(test.registry, 'scopegate_refusals_total', { route: '/oauth/token', code })
      const before = [(await read()) ?? 0, (await readRefusals()) ?? 0]
      await postToken(test.app, { ...GOOD, ...parameters })
      expect([await read(), await readRefusals()]).to.deep.equal(before.map(count => count + 1))
    })
  }

  it('counts those that are issued, and nothing else as such', async () => {
    for (let i = 0; i < 3; i++) await postToken(test.app, GOOD).expect(200)
    expect(await sample(test.registry, 'scopegate_tokens_issued_total')).to.equal(3)
    expect(await valuesOf(test.registry, 'scopegate_tokens_issued_total', 'grant_type')).to.deep.equal([
      'client_credentials',
    ])
    expect(await sample(test.registry, DURATION, { route: '/oauth/token', status: '2xx', method: 'POST' })).to.equal(3)
  })

  it('counts what the store failed to do as a refusal with a fault', async () => {
    const down = await measured()
    await addApi(down)
    await addClient(down)
    down.store.down = true
    await postToken(down.app, GOOD).expect(503)
    const code = 'temporarily_unavailable'
    const grant_type = 'unknown'
    expect(await sample(down.registry, 'scopegate_tokens_refused_total', { grant_type, code })).to.equal(1)
    expect(await sample(down.registry, 'scopegate_store_failures_total', { kind: 'clients', method: 'get' })).to.equal(
      1,
    )
    expect(await sample(down.registry, 'scopegate_events_total', { type: 'server.error' })).to.equal(1)
    expect(await sample(down.registry, DURATION, { route: '/oauth/token', status: '5xx' })).to.equal(1)
  })
})

describeStores('metrics: the tokens of people', engine => {
  it('are counted by grant; a stolen refresh token shows', async () => {
    const flow = await startFlow(engine)
    const registry = new Registry()
    flow.server.metrics(registry)
    const { body } = await flow.exchange(await flow.authorize()).expect(200)
    const again = await flow.refresh(body.refresh_token).expect(200)
    flow.clock.time += 60_000
    await flow.refresh(again.body.refresh_token).expect(200)
    await flow.refresh(body.refresh_token).expect(400)
    const issued = (grant_type: string) => sample(registry, 'scopegate_tokens_issued_total', { grant_type })
    expect([await issued('authorization_code'), await issued('refresh_token')]).to.deep.equal([1, 2])
    const refused = { grant_type: 'refresh_token', code: 'invalid_grant' }
    expect(await sample(registry, 'scopegate_tokens_refused_total', refused)).to.equal(1)
    expect(await sample(registry, 'scopegate_events_total', { type: 'refresh.reused' })).to.equal(1)
    for (const method of ['get', 'insert', 'replace']) {
      const operations = { kind: 'grants', method }
      expect(
        await sample(registry, 'scopegate_store_operation_duration_seconds_count', operations),
        method,
      ).to.be.above(0)
    }
    await flow.close()
  })
})

describe('metrics: requests', () => {
  it('are one route where nothing is served, whatever their paths', async () => {
    const test = await measured()
    const odd = [
      '/apis/a/b',
      '/keys/rotate/now',
      '/apis/%2e%2e/x',
      '/clients/a/secrets/b/c',
      `/apis/${'x/'.repeat(2_000)}`,
    ]
    for (let i = 0; i < 50; i++) odd.push(`/clients/${i}/x${i}`)
    for (const path of odd) await request(test.app).get(path).expect(404)
    expect(await valuesOf(test.registry, 'scopegate_request_duration_seconds', 'route')).to.deep.equal(['other'])
    expect(await sample(test.registry, DURATION, { status: '4xx' })).to.equal(odd.length)
  })

  it("are not counted where they are the host's", async () => {
    const test = await measured()
    await request(test.app).get('/users').expect(404)
    expect(await sample(test.registry, DURATION)).to.equal(undefined)
  })

  it('are counted by the route of their account, and unknown accounts by none', async () => {
    const accounts = accountsByPath('https://id.example.com', ['acme'])
    const test = await measured({ accounts })
    await request(test.app).get('/t/acme/.well-known/jwks.json').expect(200)
    await request(test.app).get('/.well-known/oauth-authorization-server/t/acme').expect(200)
    await request(test.app).get('/t/nobody/.well-known/jwks.json').expect(404)
    const count = (route: string) => sample(test.registry, DURATION, { route })
    expect(await count('/.well-known/jwks.json')).to.equal(1)
    expect(await count('/.well-known/oauth-authorization-server')).to.equal(1)
    expect(await count('other')).to.equal(1)
  })

  it('of the management API have templates and codes', async () => {
    const test = await measured()
    await request(test.app).get('/apis').expect(200)
    await request(test.app).get('/apis/?query=nothing:1').expect(400)
    for (const id of ['api_a', 'api_b', 'api_c']) await request(test.app).get(`/apis/${id}`).expect(404)
    await request(test.app).put('/apis').expect(405)
    const count = (labels: Labels) => sample(test.registry, DURATION, labels)
    expect(await count({ route: '/apis', method: 'GET', status: '2xx' })).to.equal(1)
    expect(await count({ route: '/apis', method: 'GET', status: '4xx' })).to.equal(1)
    expect(await count({ route: '/apis/:apis_id', status: '4xx' })).to.equal(3)
    const refusals = (route: string, code: string) => sample(test.registry, 'scopegate_refusals_total', { route, code })
    expect(await refusals('/apis', 'invalid_query')).to.equal(1)
    expect(await refusals('/apis', 'method_not_allowed')).to.equal(1)
    expect(await refusals('/apis/:apis_id', 'not_found')).to.equal(3)
  })

  it('are aborted where their connection broke off', async () => {
    const test = await measured()
    await addApi(test)
    await addClient(test)
    test.store.hangs = true
    const running = await listen(() => test.app)
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1')
    await once(socket, 'connect')
    const body = new URLSearchParams(GOOD).toString()
    const type = 'Content-Type: application/x-www-form-urlencoded'
    socket.write(`POST /oauth/token HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    while (!test.store.calls.has('clients.get')) await new Promise(setImmediate)
    socket.destroy()
    while ((await sample(test.registry, DURATION, { status: 'aborted' })) === undefined) await new Promise(setImmediate)
    await running.stop()
  })

  it('of /authorize are refused by the code of the event', async () => {
    const test = await measured()
    await request(test.app).get('/authorize?client_id=nobody').expect(400)
    const labels = { route: '/authorize', code: 'invalid_request' }
    expect(await sample(test.registry, 'scopegate_refusals_total', labels)).to.equal(1)
    expect(await sample(test.registry, 'scopegate_refusals_total')).to.equal(1)
  })
})

describe('metrics: labels', () => {
  const routes: [path: string, route: string][] = [
    ...ROUTES.map((route): [string, string] => [route.replaceAll(':', 'x'), route]),
    ['/apis/', '/apis'],
    ['/apis/api_1/', '/apis/:apis_id'],
    ['/keys/rotate', '/keys/rotate'],
    ['/keys/abc', '/keys/:kid'],
    ['', 'other'],
    ['/', 'other'],
    ['/apis//', 'other'],
    ['/oauth', 'other'],
    ['/oauth/token/x', 'other'],
    ['/APIS', 'other'],
    ['/apis/a/other', 'other'],
    ['/clients/a/secrets/b/c', 'other'],
    ['/constructor', 'other'],
    [`/${'a/'.repeat(10_000)}`, 'other'],
  ]
  for (const [path, route] of routes) {
    it(`${path.slice(0, 60)} is the route ${route}`, () => expect(routeOf(path)).to.equal(route))
  }

  it('have every public route', async () => {
    const { server } = await startServer({ authorizeAdmin: () => ({ scopes: [] }) })
    const { body } = await request(mount('/', server.router, server.openApiRouter))
      .get('/openapi.json')
      .expect(200)
    const paths = Object.keys(body.paths)
    expect(paths).to.have.length.above(8)
    for (const path of paths) expect(routeOf(path.replaceAll(/[{}]/g, '')), path).not.to.equal('other')
    await server.close()
  })

  for (const [method, label] of [
    ['GET', 'GET'],
    ['DELETE', 'DELETE'],
    ['PROPFIND', 'other'],
    ['get', 'other'],
    [undefined, 'other'],
  ] as const) {
    it(`${method} is the method ${label}`, () => expect(methodLabel(method)).to.equal(label))
  }

  for (const [statusCode, writableFinished, label] of [
    [200, true, '2xx'],
    [304, true, '3xx'],
    [499, true, '4xx'],
    [503, true, '5xx'],
    [200, false, 'aborted'],
  ] as const) {
    it(`${statusCode}${writableFinished ? '' : ', not sent,'} is the status ${label}`, () => {
      expect(statusLabel({ statusCode, writableFinished })).to.equal(label)
    })
  }

  it('are a hundred at most where a host may choose them', () => {
    const label = boundedLabel()
    const values = Array.from({ length: 1_000 }, (_, i) => label(`code_${i}`))
    expect(new Set(values)).to.have.property('size', 101)
    expect(values.at(-1)).to.equal('other')
    expect(label('code_0')).to.equal('code_0')
  })

  it('name nobody: no account, client, user or address stands in a scrape', async () => {
    const test = await measured()
    await addApi(test)
    await addClient(test)
    await postToken(test.app, GOOD).expect(200)
    await postToken(test.app, { ...GOOD, client_secret: 'wrong' }).expect(401)
    const text = await test.registry.metrics()
    const clientId = String(GOOD['client_id'])
    for (const hidden of [clientId, SECRET, 'wrong', '127.0.0.1', 'default', String(GOOD['audience'])]) {
      expect(text).not.to.include(hidden)
    }
  })
})

describe('metrics: the store', () => {
  const broken = (error: Error) => ({ get: () => Promise.reject(error) }) as never
  for (const [error, failures] of [
    [new StoreUnavailableError('down'), 1],
    [new Error('a bug'), 1],
    [new ConflictError(['id']), undefined],
  ] as const) {
    it(`${failures === undefined ? 'does not count' : 'counts'} ${error.constructor.name} as a failure, and hands it on`, async () => {
      const registry = new Registry()
      const sources = { clock: { now: () => 0 }, signingKeys: { oldestActivation: () => undefined } }
      const metering = { meter: createMeter(registry, sources) }
      const collection = measureCollection<ClientRecord>(CLIENT_KIND.name, broken(error), metering)
      const thrown = await collection.get('default', 'a').catch((caught: unknown) => caught)
      expect(thrown).to.equal(error)
      const labels = { kind: 'clients', method: 'get' }
      expect(await sample(registry, 'scopegate_store_operation_duration_seconds_count', labels)).to.equal(1)
      expect(await sample(registry, 'scopegate_store_failures_total', labels)).to.equal(failures)
    })
  }
})

describe('metrics: gauges', () => {
  const AGE = 'scopegate_signing_key_age_seconds'

  it('have the age of the key that signs, by the clock', async () => {
    const test = await measured()
    const ring = await test.server.context.records.keyRings.get('default', 'keys')
    const created = ring?.keys.find(({ state }) => state === 'current')?.activated_at?.getTime() ?? 0
    test.clock.time = created + 5_000
    await request(test.app).get('/.well-known/jwks.json').expect(200)
    expect(await sample(test.registry, AGE)).to.equal(5)
    test.clock.time = created - 5_000
    expect(await sample(test.registry, AGE)).to.equal(0)
  })

  it('have that of the oldest, and none of what was not used for an hour', async () => {
    const accounts = accountsByPath('https://id.example.com', ['acme', 'globex'])
    const test = await measured({ accounts })
    const { keyRings } = test.server.context.records
    const ring = await keyRings.get('acme', 'keys')
    if (ring === null) throw new Error('no ring')
    const old = new Date(test.clock.time - 86_400_000)
    await keyRings.replace(
      { ...ring, keys: ring.keys.map(key => (key.state === 'current' ? { ...key, activated_at: old } : key)) },
      ring.revision,
    )
    const use = (account: string) => request(test.app).get(`/t/${account}/.well-known/jwks.json`).expect(200)
    test.clock.time += 31_000
    await use('acme')
    await use('globex')
    expect(await sample(test.registry, AGE)).to.equal(86_431)
    test.clock.time += 3_599_000
    await use('globex')
    expect(await sample(test.registry, AGE)).to.equal(86_431 + 3_599)
    test.clock.time += 1_000
    expect(await sample(test.registry, AGE)).to.equal(3_631)
    test.clock.time += 3_600_000
    expect(await sample(test.registry, AGE)).to.equal(undefined)
  })

  it('have the queue of the log, and what it dropped', async () => {
    const registry = new Registry()
    const log = { queued: 3, dropped: 0 }
    const sources = { clock: { now: () => 0 }, signingKeys: { oldestActivation: () => undefined }, log }
    createMeter(registry, sources)
    const read = async () => [
      await sample(registry, 'scopegate_log_queue_length'),
      await sample(registry, 'scopegate_log_dropped_total'),
    ]
    expect(await read()).to.deep.equal([3, 0])
    Object.assign(log, { queued: 0, dropped: 7 })
    expect(await read()).to.deep.equal([0, 7])
    expect(await read()).to.deep.equal([0, 7])
  })
})
