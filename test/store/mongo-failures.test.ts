import { expect } from 'chai'
import mongoose from 'mongoose'
import { ConflictError, StoreUnavailableError } from '../../lib/errors.js'
import { isOutage, isUnfound, late, translate } from '../../lib/store/mongo/failures.js'

const { MongoNetworkError, MongoNetworkTimeoutError, MongoServerError, MongoServerSelectionError } = mongoose.mongo

/** What a socket says, which the driver hands on. */
const coded = (code: string): Error => Object.assign(new Error('a text of the system'), { code })

const named = (name: string): Error => Object.assign(new Error('a text of the driver'), { name })

describe('failures of MongoDB', () => {
  for (const { error, outage, unfound = false } of [
    { error: new MongoNetworkError('reset'), outage: true },
    { error: new MongoNetworkTimeoutError('late'), outage: true },
    { error: new MongoServerSelectionError('nobody', {} as never), outage: true, unfound: true },
    { error: new mongoose.Error.MongooseServerSelectionError('nobody'), outage: true, unfound: true },
    { error: named('MongoWaitQueueTimeoutError'), outage: true },
    { error: named('MongoPoolClearedError'), outage: true },
    { error: named('PoolClearedOnNetworkError'), outage: true },
    { error: named('MongoNotConnectedError'), outage: true },
    { error: coded('EPIPE'), outage: true },
    { error: coded('ECONNRESET'), outage: true },
    { error: coded('ERR_STREAM_DESTROYED'), outage: true },
    { error: coded('ERR_SSL_BAD_RECORD'), outage: true },
    { error: named('MongoBulkWriteError'), outage: true },
    { error: Object.assign(named('MongoBulkWriteError'), { code: 64 }), outage: false },
    { error: new MongoServerError({ message: 'not primary', code: 10_107 }), outage: false },
    { error: new MongoServerError({ message: 'too large', code: 10_334 }), outage: false },
    { error: named('MongooseError'), outage: false },
  ]) {
    it(`${error.name} ${'code' in error ? error.code : ''}: ${outage ? 'nobody answers' : 'one command failed'}`, async () => {
      const translated = await translate(Promise.reject(error)).catch((caught: unknown) => caught)
      expect(translated).to.be.instanceOf(StoreUnavailableError).with.property('cause', error)
      expect((translated as Error).message).to.equal('MongoDB did not answer')
      expect(isOutage(translated)).to.equal(outage)
      expect(isUnfound(translated)).to.equal(unfound)
    })
  }

  it('takes a write that was not answered in time for an outage', () => {
    expect(late()).to.be.instanceOf(StoreUnavailableError)
    expect(isOutage(late())).to.equal(true)
    expect(isUnfound(late())).to.equal(false)
  })

  for (const { description, error } of [
    { description: 'a duplicate key', error: new MongoServerError({ message: 'E11000', code: 11_000 }) },
    { description: 'a fault of ours', error: new TypeError('x') },
    { description: 'a fault of ours with a code', error: coded('ERR_INVALID_ARG_VALUE') },
    { description: 'a conflict', error: new ConflictError(['id']) },
    { description: 'a closed store', error: new StoreUnavailableError('the store is closed') },
  ]) {
    it(`leaves ${description} as it is, which is no outage`, async () => {
      expect(await translate(Promise.reject(error)).catch((caught: unknown) => caught)).to.equal(error)
      expect(isOutage(error)).to.equal(false)
    })
  }
})
