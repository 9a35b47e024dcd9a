import { expect } from 'chai'
import { describeCause, describeEvent } from '../../lib/cli/serve/log.js'
import { StoreUnavailableError } from '../../lib/errors.js'

const SECRET = 'c3RvbGVu'

function throwing(): never {
  throw new Error(SECRET)
}

describe('the log line of an event', () => {
  const causes: { description: string; cause: unknown; logged: object }[] = [
    {
      description: 'an error of ours',
      cause: new StoreUnavailableError(SECRET, new Error(SECRET)),
      logged: { name: 'StoreUnavailableError', code: 'ERR_STORE_UNAVAILABLE' },
    },
    {
      description: 'a disk without room, as LMDB names it',
      cause: new StoreUnavailableError(SECRET, Object.assign(new Error(SECRET), { code: 28 })),
      logged: { name: 'StoreUnavailableError', code: 'ERR_STORE_UNAVAILABLE', reason: 'no space left on device' },
    },
    {
      description: 'a file system that is read-only, as Node names it',
      cause: new StoreUnavailableError(SECRET, Object.assign(new Error(SECRET), { code: 'EROFS', errno: -30 })),
      logged: { name: 'StoreUnavailableError', code: 'ERR_STORE_UNAVAILABLE', reason: 'read-only file system' },
    },
    {
      description: 'a number of MongoDB that means something else to the system',
      cause: new StoreUnavailableError(
        SECRET,
        Object.assign(new Error(SECRET), { name: 'MongoServerError', code: 18 }),
      ),
      logged: { name: 'StoreUnavailableError', code: 'ERR_STORE_UNAVAILABLE' },
    },
    { description: 'an error', cause: new TypeError(SECRET), logged: { name: 'TypeError' } },
    {
      description: 'an error of the system',
      cause: Object.assign(new Error(SECRET), { code: 'ECONNREFUSED', address: SECRET }),
      logged: { name: 'Error', code: 'ECONNREFUSED' },
    },
    {
      description: 'an error of a driver',
      cause: Object.assign(new Error(SECRET), { name: 'MongoServerError', code: 11000, keyValue: SECRET }),
      logged: { name: 'MongoServerError', code: 11000 },
    },
    {
      description: 'an error that puts text into its code and name',
      cause: Object.assign(new Error(SECRET), { code: `no ${SECRET}`, name: `no ${SECRET}` }),
      logged: { name: 'object' },
    },
    {
      description: 'an error whose code is an object',
      cause: Object.assign(new Error(SECRET), { code: { SECRET } }),
      logged: { name: 'Error' },
    },
    { description: 'a text', cause: SECRET, logged: { name: 'string' } },
    { description: 'a symbol', cause: Symbol(SECRET), logged: { name: 'symbol' } },
    { description: 'a large number', cause: 1n, logged: { name: 'bigint' } },
    { description: 'nothing', cause: undefined, logged: { name: 'undefined' } },
    { description: 'null', cause: null, logged: { name: 'object' } },
    { description: 'a function', cause: throwing, logged: { name: 'function' } },
    { description: 'an object', cause: { secret: SECRET, toJSON: throwing }, logged: { name: 'object' } },
    { description: 'an object without a prototype', cause: Object.create(null), logged: { name: 'object' } },
    {
      description: 'a name that throws',
      cause: Object.defineProperty(new Error(SECRET), 'name', { get: throwing }),
      logged: { name: 'unreadable' },
    },
    {
      description: 'a code that throws',
      cause: Object.defineProperty(new Error(SECRET), 'code', { get: throwing }),
      logged: { name: 'unreadable' },
    },
    {
      description: 'a proxy that throws',
      cause: new Proxy({}, { get: throwing, has: throwing, getPrototypeOf: throwing, ownKeys: throwing }),
      logged: { name: 'unreadable' },
    },
  ]
  for (const { description, cause, logged } of causes) {
    it(`names ${description} as its cause, by constant words alone`, () => {
      expect(describeCause(cause)).to.deep.equal(logged)
      const line = describeEvent({ type: 'server.error', account: 'acme', cause })
      expect(line).to.deep.equal({ event: 'server.error', account: 'acme', cause: logged })
      expect(JSON.stringify(line)).not.to.include(SECRET)
    })
  }

  it('has the members of an event without a cause', () => {
    const line = describeEvent({ type: 'key.encrypted', account: 'acme' })
    expect(line).to.deep.equal({ event: 'key.encrypted', account: 'acme' })
  })
})
