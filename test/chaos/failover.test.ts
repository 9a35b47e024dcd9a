import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { freePort } from '../support/mongo.js'
import { FAULTS, ReplicaSet } from '../support/replica-set/replica-set.js'
import { mongoDatabase } from '../support/stores.js'
import { checkAll } from './checks.js'
import { pause, picker, SECONDS, underLoad } from './run.js'
import { createWorld, ENVIRONMENT } from './setup.js'
import { Target } from './target.js'

/** How long there is no primary, and how long all is well after another one was found, in milliseconds. */
const ELECTION = 500
const CALM = 100

const HOST = [process.execPath, '--import', 'tsx', fileURLToPath(new URL('./shared-connection.ts', import.meta.url))]

describe('two processes on a replica set, while its primary changes', function suite() {
  this.timeout(300_000 + SECONDS * 2_000)
  let set: ReplicaSet
  let serve: Target
  let host: Target

  before(function prepare() {
    return ReplicaSet.require(this)
  })
  after(() => {
    serve?.destroy()
    host?.destroy()
    set?.close()
  })

  it('lose nothing that was acknowledged, double nothing, and answer as they may', async () => {
    set = await ReplicaSet.start(await mongoDatabase())
    const port = await freePort()
    const issuer = `http://localhost:${port}`
    // A long run would reach the limits: what is refused by them is never done again within 5 seconds.
    const limits = { RATE_LIMITS: SECONDS > 0 ? 'off' : 'on' }
    const env = { ...ENVIRONMENT, ...limits, ISSUER: issuer, MONGODB_URI: set.uri }
    serve = new Target('serve', port, env)
    host = new Target("the host's connection", await freePort(), env, HOST)
    await Promise.all([serve.start(), host.start()])
    const world = await createWorld([serve, host], issuer, picker())

    await underLoad(
      world,
      async measure => {
        for (const [fault, { isLosing, begin }] of Object.entries(FAULTS)) {
          const old = set.primary
          world.isStoreAway = true
          old.isolate(isLosing)
          // One of them is made, and neither is confirmed.
          await old.holds(2)
          begin(old)
          await pause(ELECTION)
          set.elect()
          await measure(`a primary after one that ${fault}`)
          await old.rejoin()
          await pause(CALM)
        }
      },
      () => checkAll(world, host),
    )
    for (const target of [serve, host]) expect(await target.end('SIGTERM'), target.name).to.equal(0)
  })
})
