import { expect } from 'chai'
import {
  accountsByHost,
  accountsByPath,
  type AuthorizationServerOptions,
  authorizationServer,
} from '../../lib/authorization-server/index.js'
import { ISSUER } from './fixtures.js'
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
  { option: 'managementClient', value: 'x', code: TYPE },
  { option: 'managementClient', value: { id: 1 }, code: TYPE, message: 'managementClient.id' },
  { option: 'managementClient', value: { id: 'a:b' }, code: VALUE, message: 'managementClient.id' },
  { option: 'managementClient', value: { secret: '' }, code: VALUE, message: 'managementClient.secret' },
  { option: 'rateLimits', value: true, code: TYPE },
  { option: 'rateLimits', value: { tokens: false }, code: VALUE, message: 'rateLimits.tokens' },
  { option: 'rateLimits', value: { clientAuthentication: { limit: 1, window: 1 } }, code: VALUE },
  { option: 'rateLimits', value: { clientAuthentication: { client: { limit: 0, window: 1 } } }, code: VALUE },
  { option: 'rateLimits', value: { clientAuthentication: { client: { limit: 1 } } }, code: TYPE },
  { option: 'rateLimits', value: { clientAuthentication: { address: { limit: 1, window: Number.NaN } } }, code: VALUE },
  { option: 'rateLimits', value: { clientAuthentication: { address: { limit: '1', window: 1 } } }, code: TYPE },
  { option: 'rateLimits', value: { clientAuthentication: { address: 7 } }, code: TYPE },
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
