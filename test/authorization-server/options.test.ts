import { expect } from 'chai'
import request from 'supertest'
import {
  accountsByHost,
  accountsByPath,
  type AuthorizationServerOptions,
  authorizationServer,
} from '../../lib/authorization-server/index.js'
import { ISSUER, mount } from './fixtures.js'
import { memoryStore } from './memory-store.js'

const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'

const rows: { option: string; value: unknown; code: string | undefined; message?: string }[] = [
  { option: 'issuer', value: undefined, code: TYPE },
  { option: 'issuer', value: 1, code: TYPE },
  { option: 'issuer', value: '', code: VALUE },
  { option: 'issuer', value: 'id.example.com', code: VALUE },
  { option: 'issuer', value: 'https://id.example.com/', code: VALUE },
  { option: 'issuer', value: 'https://id.example.com/a/', code: VALUE },
  { option: 'issuer', value: 'https://id.example.com?x', code: VALUE },
  { option: 'issuer', value: 'https://id.example.com#x', code: VALUE },
  { option: 'issuer', value: 'https://u:p@id.example.com', code: VALUE },
  { option: 'issuer', value: 'https://ID.example.com', code: VALUE },
  { option: 'issuer', value: 'https://id.example.com:443', code: VALUE },
  { option: 'issuer', value: 'https://id.example.com/a/../b', code: VALUE },
  { option: 'issuer', value: 'http://id.example.com', code: VALUE },
  { option: 'issuer', value: 'http://127.0.0.1.example.com', code: VALUE },
  { option: 'issuer', value: 'ftp://localhost', code: VALUE },
  { option: 'issuer', value: 'http://localhost:3000', code: undefined },
  { option: 'issuer', value: 'http://127.0.0.1:3000', code: undefined },
  { option: 'issuer', value: 'http://[::1]:3000', code: undefined },
  { option: 'issuer', value: 'https://id.example.com/auth', code: undefined },
  { option: 'logRetention', value: '30', code: TYPE },
  { option: 'logRetention', value: null, code: TYPE },
  { option: 'logRetention', value: -1, code: VALUE },
  { option: 'logRetention', value: 1.5, code: VALUE },
  { option: 'logRetention', value: 3_654, code: VALUE },
  { option: 'logRetention', value: Number.NaN, code: VALUE },
  { option: 'logRetention', value: 0, code: undefined },
  { option: 'logRetention', value: 3_653, code: undefined },
  { option: 'allowInsecureRequests', value: 1, code: TYPE },
  { option: 'allowInsecureRequests', value: 'true', code: TYPE },
  { option: 'allowInsecureRequests', value: null, code: TYPE },
  { option: 'allowInsecureRequests', value: true, code: undefined },
  { option: 'allowInsecureRequests', value: false, code: undefined },
  { option: 'accounts', value: () => null, code: VALUE, message: 'issuer' },
  { option: 'store', value: undefined, code: TYPE },
  { option: 'store', value: {}, code: TYPE },
  { option: 'clock', value: {}, code: TYPE },
  { option: 'clock', value: null, code: TYPE },
  { option: 'authorizeAdmin', value: 'yes', code: TYPE },
  { option: 'onEvent', value: 1, code: TYPE },
  { option: 'tokenType', value: 'jwt', code: VALUE },
  { option: 'encryptionKey', value: 1, code: TYPE },
  { option: 'encryptionKey', value: '', code: VALUE },
  { option: 'encryptionKey', value: [], code: VALUE },
  { option: 'encryptionKey', value: 'not base64!', code: VALUE },
  { option: 'encryptionKey', value: Buffer.alloc(31).toString('base64'), code: VALUE },
  { option: 'encryptionKey', value: Buffer.alloc(33), code: VALUE },
  { option: 'encryptionKey', value: [Buffer.alloc(32), 'x'], code: VALUE },
  { option: 'encryptionKey', value: Buffer.alloc(32), code: undefined },
  { option: 'encryptionKey', value: null, code: TYPE },
  { option: 'encryptionKey', value: {}, code: TYPE },
  { option: 'encryptionKey', value: { keys: Buffer.alloc(32) }, code: TYPE },
  { option: 'encryptionKey', value: { keys: Buffer.alloc(32), encrypt: 'no' }, code: TYPE },
  { option: 'encryptionKey', value: { keys: Buffer.alloc(32), encrypt: 0 }, code: TYPE },
  { option: 'encryptionKey', value: { encrypt: false }, code: TYPE },
  { option: 'encryptionKey', value: { keys: { keys: Buffer.alloc(32) }, encrypt: false }, code: TYPE },
  { option: 'encryptionKey', value: { keys: [], encrypt: false }, code: VALUE },
  { option: 'encryptionKey', value: { keys: [Buffer.alloc(31)], encrypt: false }, code: VALUE },
  { option: 'encryptionKey', value: { keys: Buffer.alloc(32), encrypt: false, readOnly: true }, code: VALUE },
  { option: 'encryptionKey', value: { key: Buffer.alloc(32), encrypt: false }, code: VALUE },
  { option: 'encryptionKey', value: { keys: Buffer.alloc(32), encrypt: false }, code: undefined },
  { option: 'encryptionKey', value: { keys: [Buffer.alloc(32), Buffer.alloc(32)], encrypt: true }, code: undefined },
  ...[90, true, 'never', [], null].map(value => ({ option: 'keyRotation', value, code: TYPE })),
  ...['90', true, null, {}].map(maxAge => ({ option: 'keyRotation', value: { maxAge }, code: TYPE })),
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(maxAge => ({
    ...{ option: 'keyRotation', value: { maxAge }, code: VALUE, message: 'keyRotation.maxAge' },
  })),
  { option: 'keyRotation', value: { maxage: 1 }, code: VALUE, message: 'keyRotation.maxage' },
  ...[false, {}, { maxAge: false }, { maxAge: 1 }, { maxAge: 0.25 }].map(value => ({
    ...{ option: 'keyRotation', value, code: undefined },
  })),
  { option: 'managementClient', value: 'x', code: TYPE },
  { option: 'managementClient', value: { id: 1 }, code: TYPE, message: 'managementClient.id' },
  { option: 'managementClient', value: { id: 'a:b' }, code: VALUE, message: 'managementClient.id' },
  ...['', 'x'.repeat(31), 'x'.repeat(1001), `${'x'.repeat(32)}\n`].map(secret => ({
    option: 'managementClient',
    value: { secret },
    code: VALUE,
    message: 'managementClient.secret',
  })),
  { option: 'rateLimits', value: true, code: TYPE },
  { option: 'rateLimits', value: { tokens: false }, code: VALUE, message: 'rateLimits.tokens' },
  { option: 'rateLimits', value: { clientAuthentication: { limit: 1, window: 1 } }, code: VALUE },
  { option: 'rateLimits', value: { clientAuthentication: { client: { limit: 0, window: 1 } } }, code: VALUE },
  { option: 'rateLimits', value: { clientAuthentication: { client: { limit: 1 } } }, code: TYPE },
  { option: 'rateLimits', value: { clientAuthentication: { address: { limit: 1, window: Number.NaN } } }, code: VALUE },
  { option: 'rateLimits', value: { clientAuthentication: { address: { limit: '1', window: 1 } } }, code: TYPE },
  { option: 'rateLimits', value: { clientAuthentication: { address: 7 } }, code: TYPE },
  ...['token', 'authorize', 'management'].flatMap(name =>
    [
      { limit: true, code: TYPE, message: `rateLimits.${name}:` },
      { limit: { limit: 0, window: 60 }, code: VALUE, message: `rateLimits.${name}.limit` },
      { limit: { limit: 1.5, window: 60 }, code: VALUE, message: `rateLimits.${name}.limit` },
      { limit: { limit: 5, window: 0 }, code: VALUE, message: `rateLimits.${name}.window` },
      { limit: { limit: 5 }, code: TYPE, message: `rateLimits.${name}.window` },
      { limit: { limit: 5, window: 2_592_001 }, code: VALUE, message: `rateLimits.${name}.window` },
      { limit: { limit: 5, window: 1, per: 'hour' }, code: VALUE, message: `rateLimits.${name}.per` },
      { limit: null, code: TYPE, message: `rateLimits.${name}:` },
    ].map(({ limit, ...rest }) => ({ option: 'rateLimits', value: { [name]: limit }, ...rest })),
  ),
  { option: 'apiGrants', value: 'closed', code: VALUE },
  { option: 'apiGrants', value: true, code: VALUE },
  { option: 'apiGrants', value: 'open', code: undefined },
  { option: 'encriptionKey', value: 'x', code: VALUE },
]

describe('options of authorizationServer', () => {
  for (const { option, value, code, message = option } of rows) {
    it(`${code === undefined ? 'accepts' : 'refuses'} ${option}: ${JSON.stringify(value)}`, async () => {
      const options = { issuer: ISSUER, store: memoryStore(), [option]: value } as AuthorizationServerOptions
      const error = await authorizationServer(options).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect((error as { code?: string } | undefined)?.code).to.equal(code)
      if (code !== undefined) expect(error).to.be.instanceOf(TypeError).with.property('message').that.includes(message)
    })
  }

  it('keeps a faulty encryption key and secret out of the message', async () => {
    for (const option of [{ encryptionKey: 'c2VjcmV0' }, { managementClient: { secret: 'c2VjcmV0\n' } }]) {
      const error = await authorizationServer({ issuer: ISSUER, store: memoryStore(), ...option }).catch(e => e)
      expect(String(error)).not.to.include('c2VjcmV0')
    }
  })

  const resolvers: [description: string, make: () => unknown][] = [
    ['names that are none', () => accountsByPath(ISSUER, ['A'])],
    ['an empty list of names', () => accountsByPath(ISSUER, [])],
    ['a name twice', () => accountsByPath(ISSUER, ['a', 'a'])],
    ['a bad issuer', () => accountsByPath(`${ISSUER}/`, ['a'])],
    ['no hosts', () => accountsByHost({})],
    ['a host with a bad issuer', () => accountsByHost({ a: { name: 'a', issuer: 'a' } })],
    [
      'two accounts with one issuer',
      () => accountsByHost({ a: { name: 'a', issuer: ISSUER }, b: { name: 'b', issuer: ISSUER } }),
    ],
    [
      'one account with two issuers',
      () => accountsByHost({ a: { name: 'a', issuer: ISSUER }, b: { name: 'a', issuer: `${ISSUER}/b` } }),
    ],
  ]
  for (const [description, make] of resolvers) {
    it(`refuses accounts with ${description}`, () => {
      expect(make).to.throw(TypeError).with.property('code', VALUE)
    })
  }
})

describe('allowInsecureRequests of authorizationServer', () => {
  const HTTP = 'http://id.internal:8080'
  const ALLOWED = { allowInsecureRequests: true }
  const issuersOf = (events: unknown[]): unknown[] =>
    events.filter(event => (event as { type: string }).type === 'issuer.insecure')
  const event = (account: string, issuer: string) => ({
    type: 'issuer.insecure',
    code: 'insecure_issuer',
    account,
    issuer,
  })

  async function start(options: Partial<AuthorizationServerOptions>) {
    const events: unknown[] = []
    const onEvent = (told: unknown): void => void events.push(told)
    const server = await authorizationServer({ store: memoryStore(), onEvent, ...options })
    return { server, events }
  }

  const told: { description: string; options: () => Partial<AuthorizationServerOptions>; expected: unknown[] }[] = [
    { description: 'http', options: () => ({ issuer: HTTP }), expected: [event('default', HTTP)] },
    { description: 'https', options: () => ({ issuer: ISSUER }), expected: [] },
    { description: 'loopback', options: () => ({ issuer: 'http://localhost:3000' }), expected: [] },
    {
      description: 'accounts by path',
      options: () => ({ accounts: accountsByPath(HTTP, ['a', 'b'], ALLOWED) }),
      expected: [event('a', `${HTTP}/t/a`), event('b', `${HTTP}/t/b`)],
    },
    {
      description: 'accounts by host',
      options: () => ({
        accounts: accountsByHost({ a: { name: 'a', issuer: HTTP }, b: { name: 'b', issuer: ISSUER } }, ALLOWED),
      }),
      expected: [event('a', HTTP)],
    },
  ]
  for (const { description, options, expected } of told) {
    it(`says once which issuers are reached by http: ${description}`, async () => {
      const { server, events } = await start({ ...options(), ...ALLOWED })
      const app = mount('/', server.router)
      for (let call = 0; call < 2; call++) await request(app).get('/.well-known/jwks.json').set('host', 'a')
      expect(issuersOf(events)).to.deep.equal(expected)
    })
  }

  const refused: { description: string; make: () => unknown }[] = [
    { description: 'an issuer', make: () => start({ issuer: HTTP, allowInsecureRequests: false }) },
    { description: 'an issuer of another scheme', make: () => start({ issuer: 'ftp://id.internal', ...ALLOWED }) },
    { description: 'an issuer with userinfo', make: () => start({ issuer: 'http://u:p@id.internal', ...ALLOWED }) },
    { description: 'an issuer with a slash', make: () => start({ issuer: `${HTTP}/`, ...ALLOWED }) },
    { description: 'an issuer not in normal form', make: () => start({ issuer: 'http://id.internal:80', ...ALLOWED }) },
    {
      description: 'accounts by path, not told so',
      make: () => start({ accounts: accountsByPath(HTTP, ['a']), ...ALLOWED }),
    },
    {
      description: 'accounts by path, where the server is not told so',
      make: () => start({ accounts: accountsByPath(HTTP, ['a'], ALLOWED) }),
    },
    {
      description: 'accounts by host, not told so',
      make: () => start({ accounts: accountsByHost({ a: { name: 'a', issuer: HTTP } }), ...ALLOWED }),
    },
    {
      description: 'accounts by host, where the server is not told so',
      make: () => start({ accounts: accountsByHost({ a: { name: 'a', issuer: HTTP } }, ALLOWED) }),
    },
  ]
  for (const { description, make } of refused) {
    it(`refuses ${description}, by a TypeError with its code`, async () => {
      const error = await (async () => make())().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error).to.be.instanceOf(TypeError).with.property('code', VALUE)
    })
  }

  it('is a boolean for lists of accounts, too', () => {
    const checks = { allowInsecureRequests: 'yes' } as never
    const hosts = { a: { name: 'a', issuer: ISSUER } }
    for (const make of [() => accountsByPath(ISSUER, ['a'], checks), () => accountsByHost(hosts, checks)]) {
      expect(make).to.throw(TypeError, 'allowInsecureRequests').with.property('code', TYPE)
    }
  })

  it('holds for the accounts of a resolver, each of which is told at its first request', async () => {
    const accounts = () => ({ name: 'late', issuer: HTTP, mountPath: '' })
    const { server, events } = await start({ accounts, ...ALLOWED })
    expect(issuersOf(events)).to.deep.equal([])
    for (let call = 0; call < 2; call++) {
      await request(mount('/', server.router)).get('/.well-known/jwks.json').expect(200)
    }
    expect(issuersOf(events)).to.deep.equal([event('late', HTTP)])
  })

  it('leaves the management API as it is: its tokens are verified in this process', async () => {
    const { server } = await start({ issuer: HTTP, ...ALLOWED })
    const app = mount('/', server.router, server.adminRouter)
    const [{ clientId = '', clientSecret = '' } = {}] = server.takeManagementClients()
    const { body } = await request(app)
      .post('/oauth/token')
      .auth(clientId, clientSecret)
      .type('form')
      .send({ grant_type: 'client_credentials', scope: 'read:apis' })
      .expect(200)
    await request(app).get('/apis').auth(body.access_token, { type: 'bearer' }).expect(200)
    await request(app).get('/clients').auth(body.access_token, { type: 'bearer' }).expect(403)
    const { body: document } = await request(app).get('/.well-known/openid-configuration').expect(200)
    expect(document).to.include({ issuer: HTTP, jwks_uri: `${HTTP}/.well-known/jwks.json` })
  })
})
