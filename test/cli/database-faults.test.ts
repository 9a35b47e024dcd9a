import { once } from 'node:events'
import { expect } from 'chai'
import type { CreatedManagementClient } from '../../lib/authorization-server/index.js'
import { Command } from '../support/command.js'
import { freePort, OwnMongoServer } from '../support/mongo.js'
import { API, Tour } from '../support/tour.js'

const MANAGER = { clientId: 'ops', clientSecret: 'a-secret-of-the-environment-of-tests' } as CreatedManagementClient
const OPS = { MANAGEMENT_CLIENT_ID: 'ops', MANAGEMENT_CLIENT_SECRET: 'a-secret-of-the-environment-of-tests' }
const UNAVAILABLE = { status: 'unavailable', failing: ['store'] }

/** What a path answers, asked again until a connection is taken and the answer is one that is waited for. */
async function eventually(ask: () => Promise<Response>, wanted: number): Promise<Response> {
  for (;;) {
    const answer = await ask().catch(error => {
      if (error.cause?.code !== 'ECONNREFUSED') throw error
    })
    if (answer?.status === wanted) return answer
    await answer?.arrayBuffer()
    await new Promise(resolve => setImmediate(resolve))
  }
}

describe('scopegate serve and a database of its own', () => {
  let database: OwnMongoServer
  let running: Command[]

  before(function prepare() {
    OwnMongoServer.require(this)
  })
  beforeEach(async () => {
    database = await OwnMongoServer.create()
    running = []
  })
  afterEach(async () => {
    for (const command of running) command.child.kill('SIGKILL')
    await database.remove()
  })

  function serve(env: Record<string, string> = {}): Command {
    const command = new Command({ PORT: '0', MONGODB_URI: database.uri, ...OPS, ...env })
    running.push(command)
    return command
  }

  describe('at the start', () => {
    it('waits for it, says so once, and is ready when it is there', async () => {
      const port = await freePort()
      const url = `http://127.0.0.1:${port}`
      const command = serve({ PORT: `${port}`, ACCOUNTS: 'acme,globex' })
      expect(await (await eventually(() => fetch(`${url}/health`), 503)).json()).to.deep.equal(UNAVAILABLE)
      expect((await fetch(`${url}/health/ready`)).status).to.equal(503)
      expect((await fetch(`${url}/health/live`)).status).to.equal(200)
      while (!command.stdout.includes('START_TIMEOUT')) await once(command.child.stdout ?? command.child, 'data')
      await database.start()
      for (const path of ['/health', '/health/ready']) await eventually(() => fetch(url + path), 200)
      expect((await fetch(`${url}/t/globex/.well-known/jwks.json`)).status).to.equal(200)
      const { code, stdout } = await command.stop()
      expect(code).to.equal(0)
      const lines = stdout.split('\n').filter(line => line.includes('START_TIMEOUT'))
      expect(lines).to.have.length(1)
      expect(JSON.parse(lines[0] ?? '')).to.include({ level: 40, startTimeout: 30 })
    })

    it('gives up with one line and exit 1', async () => {
      const { code, stderr } = await serve({ START_TIMEOUT: '1' }).ended()
      expect({ code, stderr }).to.deep.equal({
        code: 1,
        stderr: 'scopegate: the store cannot be reached (MONGODB_URI)\n',
      })
    })

    it('stops by a signal while it waits', async () => {
      const command = serve()
      while (!command.stdout.includes('START_TIMEOUT')) await once(command.child.stdout ?? command.child, 'data')
      const { code, stderr } = await command.stop()
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    })
  })

  for (const { description, fail, mend } of [
    { description: 'stops', fail: () => database.stop(), mend: () => database.start() },
    { description: 'hangs', fail: async () => database.freeze(), mend: async () => database.thaw() },
  ]) {
    it(`answers while it ${description}, and works as before when it is back, without a restart`, async () => {
      await database.start()
      const command = serve()
      const url = await command.address()
      const tour = new Tour(url)
      await tour.logIn(MANAGER)
      const client = await tour.register()
      const token = () => tour.token(client, { audience: API.identifier, scope: 'read:users' })
      expect((await token()).status).to.equal(200)

      await fail()
      const creation = { name: 'Another', identifier: 'urn:test:another' }
      const refused = await Promise.all([1, 2, 3].map(() => tour.call('POST', '/apis', creation)))
      for (const answer of refused) {
        expect(answer.status).to.equal(503)
        expect(answer.headers.get('retry-after')).to.match(/^[1-9]\d*$/)
        expect(await answer.json()).to.include({ error_code: 'unavailable' })
      }
      const health = await fetch(`${url}/health`)
      expect(health.status).to.equal(503)
      expect(await health.json()).to.deep.equal(UNAVAILABLE)
      for (const path of ['/health/live', '/.well-known/jwks.json', '/.well-known/openid-configuration']) {
        expect((await fetch(url + path)).status, path).to.equal(200)
      }

      await mend()
      await eventually(() => fetch(`${url}/health`), 200)
      // A hanging database may have taken what it did not answer.
      expect((await tour.call('POST', '/apis', creation)).status).to.be.oneOf(
        description === 'hangs' ? [201, 409] : [201],
      )
      const { results } = (await (await tour.call('GET', '/apis?query=identifier:urn:test:another')).json()) as {
        results: unknown[]
      }
      expect(results).to.have.length(1)
      expect((await token()).status).to.equal(200)
      const { code, stdout } = await command.stop()
      expect(code).to.equal(0)
      expect(stdout).not.to.match(/"status":5(?!03)/)
    })
  }

  it('ends by a signal within 12 seconds while the database hangs', async () => {
    await database.start()
    const command = serve()
    const url = await command.address()
    const tour = new Tour(url)
    await tour.logIn(MANAGER)
    database.freeze()
    const calls = Promise.allSettled([1, 2, 3].map(i => tour.call('POST', '/apis', { name: `A${i}` })))
    const begun = performance.now()
    const { code } = await command.stop()
    expect(code).to.equal(0)
    expect(performance.now() - begun).to.be.below(12_000)
    for (const call of await calls) if (call.status === 'fulfilled') expect(call.value.status).to.be.oneOf([400, 503])
  })
})
