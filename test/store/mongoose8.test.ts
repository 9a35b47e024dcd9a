import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { mongoServer } from '../support/mongo.js'
import { requireMongo } from '../support/stores.js'

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

describe('MongoDB store, on mongoose 8', () => {
  before(function prepare() {
    return requireMongo(this)
  })

  it('passes the contract and its own tests', async function run() {
    this.timeout(0)
    const server = await mongoServer()
    if ('reason' in server) return expect.fail(server.reason)
    const mocha = pathOf('../../node_modules/mocha/bin/mocha.js')
    const loaders = ['tsx', pathOf('../support/mongoose8.mjs')].flatMap(path => ['--node-option', `import=${path}`])
    const files = ['engines.test.ts', 'mongo.test.ts', 'counters.test.ts', 'failover.test.ts'].map(file =>
      pathOf(`./${file}`),
    )
    const options = [
      '--no-config',
      ...loaders,
      '--grep',
      'embedded|goes on (with|after)',
      '--invert',
      '--timeout',
      '60000',
      '--reporter',
      'json',
    ]
    const env = { ...process.env, MONGODB_URI: server.uri, EXPECTED_MONGOOSE: '8' }
    const child = spawnSync(process.execPath, [mocha, ...options, ...files], { env, encoding: 'utf8' })
    const { stats, failures } = JSON.parse(child.stdout.slice(child.stdout.indexOf('{')))
    expect(failures.map(({ fullTitle, err }: { fullTitle: string; err: object }) => [fullTitle, err])).to.deep.equal([])
    expect(stats.passes).to.be.above(80)
    expect(child.status, child.stderr).to.equal(0)
  })
})
