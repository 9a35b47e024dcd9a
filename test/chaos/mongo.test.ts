import { expect } from 'chai'
import { freePort, OwnMongoServer } from '../support/mongo.js'
import { checkAll } from './checks.js'
import { rotateKeys } from './operations.js'
import { pause, picker, SECONDS, underLoad } from './run.js'
import { createWorld, ENVIRONMENT } from './setup.js'
import { Target } from './target.js'

describe('two processes on MongoDB, while things break', function suite() {
  this.timeout(300_000 + SECONDS * 2_000)
  let database: OwnMongoServer
  let first: Target
  let second: Target

  before(async function prepare() {
    OwnMongoServer.require(this)
    database = await OwnMongoServer.create()
  })
  after(async () => {
    first?.destroy()
    second?.destroy()
    await database?.remove()
  })

  it('lose nothing that was acknowledged, double nothing, and answer as they may', async () => {
    await database.start()
    const port = await freePort()
    const issuer = `http://localhost:${port}`
    const env = { ...ENVIRONMENT, ISSUER: issuer, MONGODB_URI: database.uri }
    first = new Target('first', port, env)
    second = new Target('second', await freePort(), env)
    await first.start()
    await second.start()
    const world = await createWorld([first, second], issuer, picker())

    await underLoad(
      world,
      async measure => {
        await rotateKeys(world)
        await pause(500)

        world.isStoreAway = true
        await database.stop()
        await pause(2_000)
        await database.start()
        await measure('MongoDB restarted')

        await second.end('SIGKILL')
        await rotateKeys(world)
        await second.start()

        expect(await first.end('SIGTERM'), 'the exit code after SIGTERM').to.equal(0)
        await Promise.all([first.start(), rotateKeys(world)])

        world.isStoreAway = true
        database.freeze()
        await pause(3_000)
        database.thaw()
        await measure('MongoDB thawed')
      },
      () => checkAll(world, second),
    )
    for (const target of [first, second]) expect(await target.end('SIGTERM'), target.name).to.equal(0)
  })
})
