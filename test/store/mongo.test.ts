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

  const refused = [
    { description: 'no target', target: undefined, code: 'ERR_INVALID_ARG_TYPE' },
    { description: 'another scheme', target: 'https://127.0.0.1', code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'an object', target: {}, code: 'ERR_INVALID_ARG_TYPE' },
  ]
  for (const { description, target, code } of refused) {
    it(`refuses ${description}`, () => {
      expect(() => mongoStore(target as string))
        .to.throw(TypeError)
        .with.property('code', code)
    })
  }

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
