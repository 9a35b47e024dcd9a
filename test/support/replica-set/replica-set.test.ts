import { expect } from 'chai'
import mongoose from 'mongoose'
import { mongoDatabase } from '../stores.js'
import type { Member } from './member.js'
import { type Document, decode } from './messages.js'
import { ReplicaSet } from './replica-set.js'
import { Upstream } from './upstream.js'

const { BSON } = mongoose.mongo

/** What a driver sends with a write that it may send again. */
const SENT = { lsid: { id: new BSON.UUID() }, txnNumber: BSON.Long.fromNumber(1) }
const INSERT = { insert: 'notes', documents: [{ name: 'a' }], writeConcern: { w: 'majority' } }
const COUNT = { count: 'notes', query: {} }

describe('the replica set of the tests', () => {
  let set: ReplicaSet
  const $db = 'replica_set_of_tests'

  before(function prepare() {
    return ReplicaSet.require(this)
  })
  beforeEach(async () => {
    set = await ReplicaSet.start(await mongoDatabase())
    await ask(set.primary, { drop: 'notes' })
  })
  afterEach(() => set.close())

  async function ask(member: Member, command: Document): Promise<Document> {
    const connection = await Upstream.open(Number(member.address.split(':')[1]))
    const { errorLabels = [], ...answer } = decode(await connection.command({ ...command, $db }))
    connection.close()
    const plain = (name: string): number | undefined => (answer[name] === undefined ? undefined : Number(answer[name]))
    return { ...answer, ok: plain('ok'), n: plain('n'), code: plain('code'), errorLabels }
  }

  for (const { description, command, code, errorLabels = [] } of [
    { description: 'a write', command: INSERT, code: 10_107 },
    {
      description: 'a write that may be sent again',
      command: { ...INSERT, ...SENT },
      code: 10_107,
      errorLabels: ['RetryableWriteError'],
    },
    { description: 'a read', command: COUNT, code: 13_435 },
    { description: 'a transaction', command: { ...COUNT, autocommit: false }, code: 20 },
  ]) {
    it(`has a secondary that refuses ${description}`, async () => {
      expect(await ask(set.other, command)).to.deep.include({ ok: 0, code, errorLabels })
      expect(await ask(set.primary, COUNT)).to.include({ n: 0 })
    })
  }

  it('makes a write once that is sent to one member after the other', async () => {
    expect(await ask(set.primary, { ...INSERT, ...SENT })).to.include({ ok: 1, n: 1 })
    set.primary.stepDown()
    set.elect()
    expect(await ask(set.primary, { ...INSERT, ...SENT })).to.include({ ok: 1, n: 1 })
    expect(await ask(set.primary, COUNT)).to.include({ n: 1 })
    await ask(set.primary, INSERT)
    expect(await ask(set.primary, COUNT)).to.include({ n: 2 })
  })

  it('has two that take themselves for the primary, of which one was elected later', async () => {
    const old = set.primary
    old.isolate()
    set.elect()
    const [before, after] = await Promise.all([old, set.primary].map(member => ask(member, { hello: 1 })))
    for (const hello of [before, after]) expect(hello).to.include({ isWritablePrimary: true, setName: 'rs0' })
    expect(String(after?.['electionId']) > String(before?.['electionId'])).to.equal(true)
    await old.rejoin()
    expect(await ask(old, { hello: 1 })).to.include({ secondary: true, primary: set.primary.address })
  })

  it('tells whoever waits for a change of it', async () => {
    const { topologyVersion } = await ask(set.primary, { hello: 1 })
    const waiting = ask(set.primary, { hello: 1, topologyVersion, maxAwaitTimeMS: 60_000 })
    set.primary.stepDown()
    expect(await waiting).to.include({ isWritablePrimary: false, secondary: true })
  })
})
