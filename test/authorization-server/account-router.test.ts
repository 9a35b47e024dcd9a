import { expect } from 'chai'
import express5 from 'express'
import express4 from 'express4'
import request from 'supertest'
import {
  type AccountResolver,
  type AuthorizationServer,
  accountsByPath,
  authorizationServer,
} from '../../lib/authorization-server/index.js'
import {
  InvalidRequestError,
  ManagementError,
  StoreUnavailableError,
  TemporarilyUnavailableError,
} from '../../lib/errors.js'
import type { Handler } from '../../lib/http/handler.js'
import type { Store } from '../../lib/store/port.js'
import { addClient, GOOD, ISSUER, mount, postToken, startServer, type TestServer } from './fixtures.js'
import { memoryStore } from './memory-store.js'
import { documented } from '../support/documented.js'

type Event = { type: string; account?: string; cause?: unknown }
const faultsOf = ({ events }: Pick<TestServer, 'events'>): Event[] =>
  (events as Event[]).filter(({ type }) => type === 'server.error')

const PUBLIC = { path: '/.well-known/jwks.json', error: { error: 'server_error' } }
const ADMIN = { path: '/apis', error: { error_code: 'internal_error' } }

/** Counts how often the members of an account are read, and lies from the second time on. */
function twoFaced(): { account: object; reads: string[] } {
  const reads: string[] = []
  const members = {
    name: ['acme', 'globex'],
    issuer: ['https://a.example', 'https://g.example'],
    mountPath: ['/a', ''],
  }
  const account = {}
  for (const [member, [first, later]] of Object.entries(members)) {
    Object.defineProperty(account, member, {
      enumerable: true,
      get() {
        reads.push(member)
        return reads.indexOf(member) === reads.length - 1 ? first : later
      },
    })
  }
  return { account, reads }
}

const good = { name: 'acme', issuer: 'https://a.example' }
/** A promise of another library. */
const foreign = (then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void) => ({ then })
const withThen = (descriptor: PropertyDescriptor): object => Object.defineProperty({ ...good }, 'then', descriptor)

describe('an account resolver of the host', () => {
  const rights: { description: string; answer: () => unknown }[] = [
    { description: 'an account without a mountPath', answer: () => good },
    { description: 'an account with an empty mountPath', answer: () => ({ ...good, mountPath: '' }) },
    { description: 'an account with a mountPath', answer: () => ({ ...good, mountPath: '/x' }) },
    { description: 'a frozen account with more members', answer: () => Object.freeze({ ...good, more: 1 }) },
    { description: 'a promise', answer: async () => good },
    { description: 'a thenable', answer: () => foreign(resolve => resolve(good)) },
    { description: 'a thenable of a promise', answer: () => foreign(resolve => resolve(Promise.resolve(good))) },
    { description: 'an account with a then that is no function', answer: () => withThen({ value: 1 }) },
  ]
  for (const { description, answer } of rights) {
    it(`may answer with ${description}`, async () => {
      const { server } = await startServer({
        accounts: answer as AccountResolver,
        authorizeAdmin: () => ({ scopes: [] }),
      })
      const app = mount('/', server.router, server.adminRouter)
      const { body } = await request(app).get('/.well-known/openid-configuration').expect(200)
      expect(body.issuer).to.equal(good.issuer)
    })
  }

  const wrongs: { description: string; answer: () => unknown }[] = [
    { description: 'undefined', answer: () => undefined },
    { description: 'false', answer: () => false },
    { description: 'a name alone', answer: () => 'acme' },
    { description: 'a number', answer: () => 1 },
    { description: 'a function', answer: () => () => good },
    { description: 'a list', answer: () => [good] },
    { description: 'an empty object', answer: () => ({}) },
    { description: 'no name', answer: () => ({ issuer: good.issuer }) },
    { description: 'a name that is an object', answer: () => ({ ...good, name: { toString: () => 'acme' } }) },
    { description: 'a name in capitals', answer: () => ({ ...good, name: 'Acme' }) },
    { description: 'no issuer', answer: () => ({ name: 'acme' }) },
    { description: 'an issuer that is a URL', answer: () => ({ ...good, issuer: new URL(good.issuer) }) },
    { description: 'an issuer with a slash at its end', answer: () => ({ ...good, issuer: 'https://a.example/' }) },
    { description: 'an issuer without TLS', answer: () => ({ ...good, issuer: 'http://a.example' }) },
    { description: 'a mountPath that is null', answer: () => ({ ...good, mountPath: null }) },
    { description: 'a mountPath that is a list', answer: () => ({ ...good, mountPath: ['/x'] }) },
    { description: 'a mountPath without a slash', answer: () => ({ ...good, mountPath: 'x' }) },
    { description: 'a mountPath with a slash at its end', answer: () => ({ ...good, mountPath: '/x/' }) },
    { description: 'a mountPath that is a slash', answer: () => ({ ...good, mountPath: '/' }) },
    { description: 'a promise of undefined', answer: async () => undefined },
    { description: 'a promise of a wrong account', answer: async () => ({ ...good, name: 7 }) },
    { description: 'a thenable of undefined', answer: () => foreign(resolve => resolve(undefined)) },
    { description: 'a thenable that rejects', answer: () => foreign((_, reject) => reject(new Error('no'))) },
    {
      description: 'a thenable that throws',
      answer: () =>
        foreign(() => {
          throw new Error('no')
        }),
    },
    { description: 'an error', answer: () => thrown(new Error('no')) },
    { description: 'undefined, thrown', answer: () => thrown(undefined) },
    { description: 'a rejection', answer: () => Promise.reject(new Error('no')) },
    { description: 'a rejection with nothing', answer: () => Promise.reject(undefined) },
    {
      description: 'a member that throws',
      answer: () => ({
        ...good,
        get issuer() {
          return thrown(new Error('no'))
        },
      }),
    },
    {
      description: 'a then that throws',
      answer: () => withThen({ get: () => thrown(new Error('no')) }),
    },
    {
      description: 'a proxy that throws',
      answer: () => new Proxy({}, { get: () => thrown(new Error('no')), has: () => true }),
    },
  ]
  for (const { description, answer } of wrongs) {
    for (const [version, express] of Object.entries({ 4: express4, 5: express5 })) {
      it(`Express ${version}: is a fault where it answers with ${description}, and no other route knows`, async () => {
        const test = await startServer({ accounts: answer as AccountResolver })
        const app = express().use(test.server.router, test.server.adminRouter)
        app.use((req, res) => void res.end(`host ${req.url}`))
        for (const path of ['/', '/users', '/t/acme/users?x=1', '/api', '/oauth']) {
          await request(app).get(path).expect(200, `host ${path}`)
        }
        expect(faultsOf(test)).to.deep.equal([])
        for (const { path, error } of [PUBLIC, ADMIN]) {
          for (const prefix of ['', '/t/acme']) {
            const { body, headers } = await request(app)
              .get(prefix + path)
              .expect(500)
            expect(body).to.include(error)
            expect(headers['cache-control']).to.equal('no-store')
          }
        }
        expect(faultsOf(test)).to.have.length(4)
        for (const event of faultsOf(test)) expect(event).to.have.all.keys('type', 'cause')
      })
    }
  }

  it('is believed once: what its object says later is not asked', async () => {
    const { account, reads } = twoFaced()
    const { server, events } = await startServer({ accounts: (() => account) as unknown as AccountResolver })
    const { body } = await request(mount('/', server.router)).get('/a/.well-known/openid-configuration').expect(200)
    expect(body.issuer).to.equal('https://a.example')
    expect(reads).to.have.members(['name', 'issuer', 'mountPath'])
    expect(JSON.stringify(events)).to.include('acme').and.not.include('globex')
  })

  it('may answer with one object that it changes', async () => {
    const account = { name: '', issuer: '' }
    const { server } = await startServer({
      accounts: req =>
        Object.assign(account, {
          name: String(req.headers['x-tenant']),
          issuer: `https://${req.headers['x-tenant']}.example`,
        }),
    })
    const app = mount('/', server.router)
    for (const name of ['acme', 'globex', 'acme']) {
      const { body } = await request(app).get('/.well-known/openid-configuration').set('x-tenant', name).expect(200)
      expect(body.issuer).to.equal(`https://${name}.example`)
    }
  })
})

function thrown(error: unknown): never {
  throw error
}

describe('an unknown account', () => {
  const oauth = { error: 'not_found' }
  const management = { error_code: 'not_found' }
  const page = 'There is no such account.'
  const rows: { path: string; outcome?: object | string }[] = [
    { path: '/t/nobody/oauth/token', outcome: oauth },
    { path: '/t/nobody/authorize', outcome: page },
    { path: '/t/nobody/authorize/req_1', outcome: page },
    { path: '/authorize?client_id=x', outcome: page },
    { path: '/t/nobody/authorize/' },
    { path: '/t/nobody/authorize/req_1/x' },
    { path: '/t/nobody/.well-known/jwks.json', outcome: oauth },
    { path: '/.well-known/openid-configuration/t/nobody', outcome: oauth },
    { path: '/.well-known/oauth-authorization-server/t/nobody', outcome: oauth },
    { path: '/oauth/token', outcome: oauth },
    { path: '/t/nobody/apis', outcome: management },
    { path: '/t/nobody/apis/api_1?x=1', outcome: management },
    { path: '/t/nobody/clients/', outcome: management },
    { path: '/apis', outcome: management },
    { path: '/t/nobody' },
    { path: '/t/nobody/' },
    { path: '/t/nobody/users' },
    { path: '/t/nobody/apisx' },
    { path: '/t/nobody/x/apis' },
    { path: '/t/nobody/oauth/token/' },
    { path: '/x/t/nobody/apis' },
    { path: '/.well-known/jwks.json/t/nobody' },
    { path: '/.well-known/openid-configuration/t/nobody/x' },
    { path: '/t/acme/users' },
  ]
  const base = 'https://id.example.com'
  const orders: Record<string, (of: { router: Handler; adminRouter: Handler }) => Handler[]> = {
    'the public router first': ({ router, adminRouter }) => [router, adminRouter],
    'the management API first': ({ router, adminRouter }) => [adminRouter, router],
  }
  let server: AuthorizationServer
  before(async () => {
    ;({ server } = await startServer({ accounts: accountsByPath(base, ['acme']) }))
  })

  for (const mounted of ['/', '/auth']) {
    for (const [order, arrange] of Object.entries(orders)) {
      for (const { path, outcome } of rows) {
        it(`${order}, at ${mounted}: ${path} is ${outcome === undefined ? 'the host’s' : JSON.stringify(outcome)}`, async () => {
          const app = mount(mounted, ...arrange(server))
          app.use((req, res) => void res.end(`host ${req.originalUrl}`))
          const url = mounted === '/' ? path : mounted + path
          const answer = await request(app).get(url)
          if (outcome === undefined) expect([answer.status, answer.text]).to.deep.equal([200, `host ${url}`])
          else if (typeof outcome === 'object') expect(answer.body).to.include(outcome)
          else
            expect([answer.status, answer.type, answer.text.includes(outcome)]).to.deep.equal([404, 'text/html', true])
        })
      }
    }
  }

  it('is known by the paths below the path of its issuer, too', async () => {
    const test = await startServer({ accounts: accountsByPath(`${base}/auth`, ['acme']) })
    const app = mount('/', test.server.router, test.server.adminRouter)
    for (const path of ['/auth/t/nobody/apis', '/t/nobody/apis']) {
      expect((await request(app).get(path).expect(404)).body).to.include(management)
    }
    expect((await request(app).get('/auth/t/nobody/oauth/token').expect(404)).body).to.include(oauth)
    await request(app).get('/auth/t/acme/.well-known/jwks.json').expect(200)
  })
})

describe('a fault', () => {
  const broken = new TypeError('a fault of ours: secret-text')
  const down = new StoreUnavailableError('down')

  /** A store whose look-ups fail while it is told to. */
  function failingStore(): { store: Store; failure?: { error: unknown } | undefined } {
    const store = memoryStore()
    const failing: ReturnType<typeof failingStore> = { store }
    const open = store.collection.bind(store)
    store.collection = async kind => {
      const collection = await open(kind)
      return new Proxy(collection, {
        get(target, member, receiver) {
          const method = Reflect.get(target, member, receiver)
          if (typeof method !== 'function') return method
          return async (...call: unknown[]) => {
            if (failing.failure !== undefined) throw failing.failure.error
            return Reflect.apply(method, target, call)
          }
        },
      })
    }
    return failing
  }

  /** One account that is open, and others of which each is new. */
  const failing = failingStore()
  let open: TestServer
  let late: TestServer
  let opened = 0
  before(async () => {
    const admin = { authorizeAdmin: () => ({ scopes: [] }) }
    open = await startServer({ store: failing.store, ...admin })
    const accounts: AccountResolver = () => ({ name: `late-${opened++}`, issuer: 'https://late.example' })
    late = await startServer({ store: failing.store, accounts, ...admin })
  })
  beforeEach(() => {
    failing.failure = undefined
    open.events.length = 0
    late.events.length = 0
  })

  interface Case {
    description: string
    of: 'open' | 'late'
    call(app: express5.Express): request.Test
    error: unknown
    status: number
    body: object
  }
  const getKeys = (app: express5.Express) => request(app).get('/.well-known/jwks.json')
  const getApis = (app: express5.Express) => request(app).get('/apis')
  const getToken = (app: express5.Express) => postToken(app, GOOD)
  const oauth = { status: 500, body: { error: 'server_error' } }
  const management = { status: 500, body: { error_code: 'internal_error' } }
  const oauthDown = { status: 503, body: { error: 'temporarily_unavailable' } }
  const managementDown = { status: 503, body: { error_code: 'unavailable' } }
  const cases: Case[] = [
    ...[broken, undefined, null, 'route'].flatMap((error): Case[] => {
      const what = error === broken ? 'an error' : `${error}`
      return [
        { description: `${what} at the token endpoint`, of: 'open', call: getToken, error, ...oauth },
        { description: `${what} behind the management API`, of: 'open', call: getApis, error, ...management },
        { description: `${what} as an account is opened`, of: 'late', call: getKeys, error, ...oauth },
        {
          description: `${what} as an account is opened for management`,
          of: 'late',
          call: getApis,
          error,
          ...management,
        },
      ]
    }),
    { description: 'no store at the token endpoint', of: 'open', call: getToken, error: down, ...oauthDown },
    { description: 'no store behind the management API', of: 'open', call: getApis, error: down, ...managementDown },
    { description: 'no store as an account is opened', of: 'late', call: getKeys, error: down, ...oauthDown },
  ]
  for (const { description, of, call, error, status, body } of cases) {
    for (const [version, express] of Object.entries({ 4: express4, 5: express5 })) {
      it(`Express ${version}: ${description} is ${status} in JSON, and one event`, async () => {
        const test = of === 'open' ? open : late
        const app = express().use(test.server.router, test.server.adminRouter)
        failing.failure = { error }
        const account = of === 'open' ? 'default' : `late-${opened}`
        const answer = await call(app)
        expect([answer.status, answer.headers['cache-control']]).to.deep.equal([status, 'no-store'])
        expect(answer.body).to.include(body)
        expect(answer.text).not.to.include('secret-text')
        expect(test.events).to.deep.equal([{ type: 'server.error', account, cause: error }])
      })
    }
  }

  const hostFaults: { description: string; error: unknown; status: number; isFault: boolean }[] = [
    { description: 'an error', error: broken, status: 500, isFault: true },
    { description: 'nothing', error: undefined, status: 500, isFault: true },
    { description: 'an unavailable issuer', error: new TemporarilyUnavailableError('x'), status: 503, isFault: true },
    { description: 'a store that is down', error: down, status: 503, isFault: true },
    { description: 'a refusal', error: new ManagementError('unauthorized', 'no'), status: 401, isFault: false },
    { description: 'a refusal in OAuth’s words', error: new InvalidRequestError('no'), status: 400, isFault: false },
  ]
  for (const { description, error, status, isFault } of hostFaults) {
    it(`of authorizeAdmin that throws ${description} is ${isFault ? 'one event' : 'no event'}`, async () => {
      const test = await startServer({ authorizeAdmin: () => thrown(error) })
      await request(mount('/', test.server.adminRouter)).get('/apis').expect(status)
      expect(faultsOf(test)).to.deep.equal(isFault ? [{ type: 'server.error', account: 'default', cause: error }] : [])
    })
  }

  it('is none where the caller made a mistake', async () => {
    const test = await startServer({ authorizeAdmin: () => ({ scopes: [] }) })
    await addClient(test)
    const app = mount('/', test.server.router, test.server.adminRouter)
    await postToken(app, { ...GOOD, client_secret: 'x' }).expect(401)
    await postToken(app, { ...GOOD, audience: 'urn:x:y' }).expect(400)
    await request(app).get('/oauth/token').expect(405)
    await request(app).post('/.well-known/jwks.json').expect(405)
    await request(app).get('/apis/api_1').expect(404)
    await request(app).post('/apis').send({}).expect(400)
    await request(app).post('/clients').type('form').send('a=b').expect(415)
    expect(faultsOf(test)).to.deep.equal([])
  })

  for (const path of ['/.well-known/jwks.json', '/apis', '/oauth/token']) {
    it(`behind an answer that was begun goes to the host's error handler, as one event: ${path}`, async () => {
      open.clock.time += 3_600_000
      failing.failure = { error: broken }
      const passed: unknown[] = []
      const begin: Handler = (_req, res, next) => {
        res.write('begun')
        next()
      }
      const app = mount('/', begin, open.server.router, open.server.adminRouter)
      app.use(((error, _req, res, _next) => {
        passed.push(error)
        res.end()
      }) satisfies express5.ErrorRequestHandler)
      const call = path === '/oauth/token' ? postToken(app, GOOD) : request(app).get(path)
      await call.expect(200)
      expect(passed).to.deep.equal([broken])
      expect(open.events).to.deep.equal([{ type: 'server.error', account: 'default', cause: broken }])
    })
  }

  it('of a listener changes no answer', async () => {
    const onEvent = (): never => thrown(new Error('of the listener'))
    const server = documented(await authorizationServer({ issuer: ISSUER, store: failing.store, onEvent }))
    failing.failure = { error: broken }
    await postToken(mount('/', server.router), GOOD).expect(500)
  })
})
