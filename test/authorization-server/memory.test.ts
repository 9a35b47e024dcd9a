import { once } from 'node:events'
import { Agent, type IncomingMessage, request as send, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { heapGrowth } from '../support/heap.js'
import { storeEngines } from '../support/stores.js'
import { AUDIENCE } from './fixtures.js'
import { type Logged, startLogged } from './log-fixture.js'

const PERMISSION = 'read:everything-there-is'
const [embedded] = storeEngines

/** Kept longer than a request: a text of it, of the whole body that came with it nothing. */
describe('of a request of 60 KB', () => {
  let test: Logged
  let client: { id: string; secret: string }
  let server: Server
  let agent: Agent

  beforeEach(async () => {
    if (embedded === undefined) throw new Error('there is no engine')
    agent = new Agent({ keepAlive: true })
    test = await startLogged(embedded, { rateLimits: { clientAuthentication: { address: false } } })
    await test.makeApi({ permissions: [{ value: PERMISSION }] })
    client = await test.makeClient()
    server = test.app.set('trust proxy', true).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(async () => {
    agent.destroy()
    server.close()
    await test.close()
  })

  async function post(form: Record<string, string>, address = '192.0.2.1'): Promise<number | undefined> {
    const { port } = server.address() as AddressInfo
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': address }
    const sent = send({ port, path: '/oauth/token', method: 'POST', agent, headers })
    const all = { grant_type: 'client_credentials', audience: AUDIENCE, ...form, pad: 'x'.repeat(60_000) }
    // Nothing is encoded: what is decoded is a copy.
    sent.end(
      Object.entries(all)
        .map(pair => pair.join('='))
        .join('&'),
    )
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
    return answer.statusCode
  }

  const proven = () => ({ client_id: client.id, client_secret: client.secret })
  const rows: { description: string; form: (at: number) => Record<string, string>; from?: (at: number) => string }[] = [
    {
      description: 'the name of a client that does not exist',
      form: at => ({ client_id: `cli_that_does_not_exist_${at}`, client_secret: 'x' }),
    },
    { description: 'an audience that does not exist', form: at => ({ ...proven(), audience: `urn:not:there:${at}` }) },
    { description: 'a scope that was granted', form: () => ({ ...proven(), scope: PERMISSION }) },
    {
      description: 'a name that an address failed with',
      form: () => ({ client_id: client.id, client_secret: 'wrong' }),
      from: at => `2001:db8:0:${at.toString(16)}::1`,
    },
    {
      description: 'what a proxy takes for an address',
      form: () => ({ client_id: 'cli_x', client_secret: 'wrong' }),
      from: at => `${at}${'x'.repeat(14_000)}`,
    },
  ]
  for (const { description, form, from } of rows) {
    it(`nothing is kept for ${description}`, async function keepsNothing() {
      this.timeout(120_000)
      // Those that wait for the log wait for as long as it is written.
      test.server.context.records.logs.insertMany = () => new Promise(() => undefined)
      await post(form(0), from?.(0))
      const grown = await heapGrowth(async () => {
        for (let at = 1; at <= 500; at++) await post(form(at), from?.(at))
        test.events.length = 0
        return test
      })
      expect(grown).to.be.below(4)
    })
  }
})
