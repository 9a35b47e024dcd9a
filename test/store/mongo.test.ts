import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect } from 'chai'
import mongoose from 'mongoose'
import { StoreUnavailableError } from '../../lib/errors.js'
import { mongoStore } from '../../lib/store/mongo/index.js'
import { mongoDatabase, requireMongo } from '../support/stores.js'
import { THING_KIND, thing } from './kinds.js'

describe('MongoDB store', () => {
  it('says that no server answers, without the text of the driver', async () => {
    const store = mongoStore('mongodb://127.0.0.1:1/none', { serverSelectionTimeout: 50 })
    for (const action of [() => store.ping(), () => store.collection(THING_KIND)]) {
      const error = await action().catch((caught: unknown) => caught)
      expect(error).to.be.instanceOf(StoreUnavailableError)
      expect((error as Error).message).not.to.match(/ECONN|127\.0\.0\.1|Mongo[A-Z][a-z]|selection/)
    }
    await store.close()
  })

  it('closes without waiting for a server that it has not found', async () => {
    const store = mongoStore('mongodb://127.0.0.1:1/none', { operationTimeout: 1_000 })
    const looking = store.ping().catch((error: unknown) => error)
    let isClosed = false
    const closing = store.close().then(() => {
      isClosed = true
    })
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
    expect(isClosed).to.equal(true)
    await closing
    expect(await looking).to.be.instanceOf(StoreUnavailableError)
  })

  const refused = [
    { description: 'no target', target: undefined, code: 'ERR_INVALID_ARG_TYPE' },
    { description: 'another scheme', target: 'https://127.0.0.1', code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'an object', target: {}, code: 'ERR_INVALID_ARG_TYPE' },
    { description: 'null', target: null, code: 'ERR_INVALID_ARG_TYPE' },
    { description: 'a model', target: { model() {} }, code: 'ERR_INVALID_ARG_TYPE' },
    { description: 'no database', target: 'mongodb://127.0.0.1:27017', code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'an empty database', target: 'mongodb://127.0.0.1:27017/', code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'options alone', target: 'mongodb+srv://a.example/?w=1', code: 'ERR_INVALID_ARG_VALUE' },
  ]
  for (const { description, target, code } of refused) {
    it(`refuses ${description}`, () => {
      expect(() => mongoStore(target as string))
        .to.throw(TypeError)
        .with.property('code', code)
    })
  }

  it('keeps user and password of a connection string out of the message', () => {
    expect(() => mongoStore('mongodb://ada:hunter2@127.0.0.1'))
      .to.throw(TypeError)
      .with.property('message')
      .that.does.not.match(/ada|hunter2/)
  })

  const prefixes = [
    { prefix: 'a.b', code: 'ERR_INVALID_ARG_VALUE' },
    { prefix: '$x', code: 'ERR_INVALID_ARG_VALUE' },
    { prefix: 'x'.repeat(61), code: 'ERR_INVALID_ARG_VALUE' },
    { prefix: 7, code: 'ERR_INVALID_ARG_TYPE' },
  ]
  for (const { prefix, code } of prefixes) {
    it(`refuses ${prefix} as a prefix`, () => {
      expect(() => mongoStore('mongodb://127.0.0.1/x', { prefix: prefix as string }))
        .to.throw(TypeError)
        .with.property('code', code)
    })
  }

  it('says at once that nobody has opened the connection', async () => {
    const { Mongoose } = mongoose
    for (const target of [new Mongoose(), new Mongoose().connection, new Mongoose().createConnection()]) {
      const store = mongoStore(target)
      for (const action of [() => store.ping(), () => store.collection(THING_KIND)]) {
        const error = await action().catch((caught: unknown) => caught)
        expect(error).to.be.instanceOf(StoreUnavailableError).with.property('message').that.includes('open it first')
      }
    }
  })

  it('runs on the version of mongoose that it is to run on', () => {
    const expected = process.env['EXPECTED_MONGOOSE'] ?? '9'
    expect(mongoose.version).to.match(new RegExp(`^${expected}\\.`))
  })

  describe('on a server', () => {
    before(function prepare() {
      return requireMongo(this)
    })

    it("leaves a connection of the host's open", async () => {
      const connection = await mongoose.createConnection(await mongoDatabase()).asPromise()
      const store = mongoStore(connection)
      await (await store.collection(THING_KIND)).insert(thing('a'))
      await store.close()
      expect(connection.readyState).to.equal(1)
      await connection.close()
    })

    it("takes mongoose itself, and touches nothing of the host's", async () => {
      const host = new mongoose.Mongoose()
      host.plugin(schema => {
        schema.add({ tenant: { type: String, default: 'host' } })
        schema.pre('find', function hide() {
          this.where({ deleted: false })
        })
      })
      const Thing = host.model('things', new host.Schema({ name: String }), 'things')
      await host.connect(await mongoDatabase())
      await Thing.create({ name: 'of the host' })
      const store = mongoStore(host)
      const things = await store.collection(THING_KIND)
      const written = await things.insert(thing('a', { name: 'N' }))
      expect((await things.find('acme', { limit: 9 })).records).to.deep.equal([written])
      expect(host.model('things')).to.equal(Thing)
      expect(await Thing.countDocuments()).to.equal(1)
      const names = await host.connection.listCollections()
      expect(names.map(({ name }) => name).sort()).to.deep.equal(['scopegate_things', 'things'])
      await store.close()
      expect(host.connection.readyState).to.equal(1)
      await host.disconnect()
    })

    it('keeps stores with other prefixes apart, in one database', async () => {
      const uri = await mongoDatabase()
      const stores = ['', 'a_', 'b_'].map(prefix => mongoStore(uri, { prefix }))
      for (const store of stores) {
        const things = await store.collection(THING_KIND)
        await things.insert(thing('a', { name: 'N' }))
        expect((await things.find('acme', { limit: 9 })).records).to.have.length(1)
      }
      for (const store of stores) await store.close()
    })

    it('notices a server that hangs after the time an operation may take, and goes on when it is back', async () => {
      const uri = new URL(await mongoDatabase())
      const proxy = await startProxy(Number(uri.port))
      uri.port = String(proxy.port)
      const store = mongoStore(uri.href, { operationTimeout: 200 })
      const things = await store.collection(THING_KIND)
      await things.insert(thing('a'))
      proxy.hold()
      const operations: (() => Promise<unknown>)[] = [
        () => things.get('acme', 'a'),
        () => things.find('acme', { limit: 1 }),
        () => things.insert(thing('b')),
        () => things.replace(thing('a'), 1),
        () => things.remove('acme', 'a', 9),
        () => things.removeExpired(),
        () => store.ping(),
      ]
      const errors = await Promise.all(operations.map(operation => operation().catch((error: unknown) => error)))
      for (const error of errors) expect(error).to.be.instanceOf(StoreUnavailableError)
      proxy.release()
      expect((await retry(() => things.get('acme', 'a')))?.id).to.equal('a')
      await store.close()
      await proxy.stop()
    })

    it("reads from the primary, whatever the host's connection says", async () => {
      const options = { readPreference: 'secondary' } as const
      const connection = await mongoose.createConnection(await mongoDatabase(), options).asPromise()
      const store = mongoStore(connection)
      const things = await store.collection(THING_KIND)
      const asked: unknown[] = []
      const collection = connection.model(`scopegate_${THING_KIND.name}`).collection
      for (const name of ['find', 'findOne'] as const) {
        const original = collection[name].bind(collection) as (...call: unknown[]) => unknown
        Object.assign(collection, {
          [name](...call: unknown[]) {
            asked.push((call[1] as { readPreference?: unknown }).readPreference)
            return original(...call)
          },
        })
      }
      await things.get('acme', 'a')
      await things.find('acme', { limit: 1, filter: { type: 'text', value: 'x' } })
      expect(asked.map(String)).to.deep.equal(['primary', 'primary', 'primary'])
      await store.close()
      await connection.close()
    })

    for (const operationTimeout of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2000']) {
      it(`refuses ${operationTimeout} as operationTimeout`, () => {
        expect(() => mongoStore('mongodb://127.0.0.1/x', { operationTimeout: operationTimeout as number }))
          .to.throw(TypeError)
          .with.property('code', 'ERR_INVALID_ARG_VALUE')
      })
    }

    it('is one state for two stores', async () => {
      const uri = await mongoDatabase()
      const stores = [mongoStore(uri), mongoStore(uri)]
      const collections = await Promise.all(stores.map(store => store.collection(THING_KIND)))
      await collections[0]?.insert(thing('a', { name: 'N' }))
      const settled = await Promise.allSettled(
        Array.from({ length: 50 }, (_, i) => collections[i % 2]?.replace(thing('a', { size: i }), 1)),
      )
      expect(settled.filter(result => result.status === 'fulfilled' && result.value)).to.have.length(1)
      await Promise.all(stores.map(store => store.close()))
    })
  })
})

/** A way to a server on loopback on which everything can be held up. */
async function startProxy(to: number) {
  const sockets = new Set<Socket>()
  let isHeld = false
  const server = createServer(near => {
    const far = connect(to, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('data', data => other.write(data))
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
      if (isHeld) one.pause()
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const each = (what: 'pause' | 'resume' | 'destroy'): void => {
    for (const socket of sockets) socket[what]()
  }
  return {
    port: (server.address() as AddressInfo).port,
    hold() {
      isHeld = true
      each('pause')
    },
    release() {
      isHeld = false
      each('resume')
    },
    async stop() {
      each('destroy')
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** The first answer that is none of an outage. */
async function retry<T>(operation: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await operation()
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}
