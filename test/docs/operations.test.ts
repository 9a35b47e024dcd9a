import { expect } from 'chai'
import { Registry } from 'prom-client'
import request from 'supertest'
import { countEvents } from '../../examples/observe.js'
import { createMeter } from '../../lib/authorization-server/metrics/meter.js'
import { codesIn, readPage, rowsOf, sectionOf } from '../support/docs.js'
import { addApi, addClient, GOOD, mount, postToken, startServer } from '../authorization-server/fixtures.js'

const section = sectionOf(readPage('operations.md'), '## Metrics')
const [text = '', guards = ''] = section.split('### Guards')

interface Registered {
  name: string
  type: string
  labelNames: string[]
}

/** What is registered, as the table has it. */
async function registeredIn(registry: Registry): Promise<string[][]> {
  const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]))
  const metrics = registry.getMetricsAsArray() as unknown as Registered[]
  return metrics.map(({ name, labelNames }) => [
    name,
    types.get(name) ?? '',
    ...labelNames.filter(label => label !== 'le'),
  ])
}

const tabled = (part: string): string[][] =>
  rowsOf(part)
    .filter(([name = '']) => name.startsWith('`scopegate_'))
    .map(([name = '', type = '', labels = '']) => [...codesIn(name), type, ...codesIn(labels)])

describe('docs/operations.md, metrics', () => {
  it('has every metric of a server, with its type and labels', async () => {
    const registry = new Registry()
    const signingKeys = { oldestActivation: () => undefined }
    createMeter(registry, { clock: { now: () => 0 }, signingKeys, log: { queued: 0, dropped: 0 } })
    const registered = await registeredIn(registry)
    expect(registered).to.have.length.above(8)
    expect(tabled(text)).to.have.deep.members(registered)
  })

  it('has every metric of a guard, and one registry takes both', async () => {
    const test = await startServer()
    const registry = new Registry()
    countEvents(registry)
    expect(tabled(guards)).to.have.deep.members(await registeredIn(registry))
    expect(() => test.server.metrics(registry)).not.to.throw()
    await test.server.close()
  })

  it('names no metric that there is not', () => {
    const known = new Set([...tabled(text), ...tabled(guards)].map(([name]) => name))
    for (const [name] of section.matchAll(/scopegate_[a-z_]+/g)) {
      expect(known, name).to.include(name.replace(/_(sum|count|bucket)$/, ''))
    }
  })

  it('shows a scrape as it is', async () => {
    const test = await startServer({ authorizeAdmin: () => ({ scopes: ['read:apis'] }) })
    await addApi(test)
    await addClient(test)
    const registry = new Registry()
    test.server.metrics(registry)
    const app = mount('/', test.server.router, test.server.adminRouter)
    await postToken(app, GOOD).expect(200)
    await postToken(app, { ...GOOD, client_secret: 'wrong' }).expect(401)
    await request(app).get('/apis').expect(200)
    await request(app).get('/apis/api_unknown').expect(404)
    await request(app).get('/apis/a/b/c').expect(404)
    await request(app).get('/authorize').expect(400)
    await request(app).get('/.well-known/jwks.json').expect(200)
    await test.server.context.secretUses.settled()
    await test.server.context.log.settled()
    const real = linesOf(await registry.metrics())
    const [, shown = ''] = /```text\n([\s\S]*?)```/.exec(text) ?? []
    const series = linesOf(shown).map(seriesOf)
    expect(real.map(seriesOf)).to.include.members(series)
    // What the store is asked for is not all shown.
    expect(series).to.include.members(real.map(seriesOf).filter(name => !name.startsWith('scopegate_store_')))
    await test.server.close()
  })
})

/** The samples, without buckets. */
const linesOf = (scrape: string): string[] =>
  scrape.split('\n').filter(line => line.startsWith('scopegate_') && !line.includes('_bucket{'))

const seriesOf = (line: string): string => line.replace(/ \S+$/, '')
