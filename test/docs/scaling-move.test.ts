import { expect } from 'chai'
import * as server from '../../lib/authorization-server/index.js'
import type { Store } from '../../lib/store/port.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { addApi, addClient, decode, GOOD, mount, postToken, type TestServer } from '../authorization-server/fixtures.js'
import { type UserFlow, LASTING, startFlow } from '../authorization-server/user-fixtures.js'
import { blocksOf, readPage, sectionOf } from '../support/docs.js'
import { describeStores } from '../support/stores.js'

const section = sectionOf(readPage('scaling.md'), '## From one process to several')
const [script = ''] = blocksOf(section, 'js')

const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor

/** Runs the script as it stands there, on these stores. */
async function move(from: Store, to: Store): Promise<unknown[][]> {
  const lines: unknown[][] = []
  const body = script.replace(/^import \{([^}]*)\} from '([^']+)'$/gm, (_all, list, name) => {
    return `const {${list}} = modules['${name}']`
  })
  const modules = {
    'scopegate/embedded': { embeddedStore: () => from },
    'scopegate/mongo': { mongoStore: () => to },
    'scopegate/server': server,
  }
  const log = (...line: unknown[]) => lines.push(line)
  await new AsyncFunction('modules', 'console', body)(modules, { log })
  return lines
}

describeStores('docs/scaling.md, the move to another store', engine => {
  let flow: UserFlow
  let target: Store

  /** A store whose `close()` is left to the test: the script closes those it has opened. */
  const kept = (store: Store): Store =>
    new Proxy(store, {
      get(object, name) {
        if (name === 'close') return async () => undefined
        const member: unknown = Reflect.get(object, name)
        return typeof member === 'function' ? member.bind(object) : member
      },
    })

  let source: Store

  before(async () => {
    flow = await startFlow({
      async open(clock) {
        source = embeddedStore(':memory:', clock && { clock })
        return source
      },
    })
    target = await engine.open(flow.clock)
  })
  after(async () => {
    await flow.close()
    await target.close()
  })

  it('takes over keys, clients with their secrets, and what users have authorized; a second run adds nothing', async () => {
    const test = { server: flow.server } as TestServer
    await addClient(test, { id: 'cli_service' })
    for (let number = 0; number < 300; number++) await addApi(test, { identifier: `urn:api:${number}` })
    const { body } = await flow.exchange(await flow.authorize({ scope: LASTING })).expect(200)
    const service = { ...GOOD, client_id: 'cli_service' }
    const before = await postToken(flow.app, service).expect(200)
    await flow.server.context.log.settled()
    await flow.server.context.secretUses.settled()

    const lines = await move(kept(source), kept(target))
    const added = new Map(lines.map(([account, kind, count]) => [`${account} ${kind}`, count]))
    expect(added.get('default apis')).to.equal(302)
    expect(added.get('default clients')).to.equal(3)
    for (const kind of ['keyRings', 'grants', 'logs', 'secretUses', 'authorizationCodes']) {
      expect(added.get(`default ${kind}`), kind).to.be.above(0)
    }
    for (const [, , count] of await move(kept(source), kept(target))) expect(count).to.equal(0)

    const { context } = flow.server
    const users = { authenticate: () => undefined, loginUrl: '/login' }
    const options = { issuer: 'https://id.example.com', store: kept(target), clock: flow.clock, users }
    const opened = await server.authorizationServer(options)
    expect(opened.takeManagementClients()).to.deep.equal([])
    for (const [name, records] of Object.entries(context.records)) {
      const there = opened.context.records[name as keyof typeof context.records]
      const ids = async (of: typeof there) => (await of.find('default', { limit: 1_000 })).records.map(({ id }) => id)
      if (name !== 'logs') expect(await ids(there), name).to.deep.equal(await ids(records as typeof there))
    }
    const app = mount('/', opened.router)
    const after = await postToken(app, service).expect(200)
    expect(decode(after.body.access_token).header).to.deep.equal(decode(before.body.access_token).header)
    await postToken(app, {
      ...{ grant_type: 'refresh_token', client_id: flow.client.id, refresh_token: body.refresh_token },
    }).expect(200)
    await opened.close()
  })
})
