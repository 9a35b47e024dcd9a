import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { readConfig } from '../../lib/cli/serve/config.js'
import { openMetrics } from '../../lib/cli/serve/metrics-server.js'
import { Command, MAIN } from '../support/command.js'

const CLIENT = { MANAGEMENT_CLIENT_ID: 'management', MANAGEMENT_CLIENT_SECRET: 's'.repeat(32) }
const MEMORY = { DATA_DIR: ':memory:' }

describe('serve: configuration of metrics', () => {
  const accepted: [env: Record<string, string>, metrics: object | undefined][] = [
    [{}, undefined],
    [{ METRICS_PORT: '' }, undefined],
    [{ METRICS_PORT: '9464' }, { port: 9464, host: '127.0.0.1' }],
    [
      { METRICS_PORT: '9464', METRICS_HOST: '' },
      { port: 9464, host: '127.0.0.1' },
    ],
    [
      { METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0' },
      { port: 9464, host: '0.0.0.0' },
    ],
    [
      { METRICS_PORT: '0', PORT: '0' },
      { port: 0, host: '127.0.0.1' },
    ],
  ]
  for (const [env, metrics] of accepted) {
    it(`takes ${JSON.stringify(env)}`, () => expect(readConfig(env).metrics).to.deep.equal(metrics))
  }

  const refused: [env: Record<string, string>, message: string][] = [
    [{ METRICS_PORT: '65536' }, 'METRICS_PORT must be a number from 0 to 65535 (0: any free port)'],
    [{ METRICS_PORT: 'on' }, 'METRICS_PORT must be a number from 0 to 65535 (0: any free port)'],
    [{ METRICS_PORT: '-1' }, 'METRICS_PORT must be a number from 0 to 65535 (0: any free port)'],
    [{ METRICS_PORT: '3000' }, 'METRICS_PORT must not be the port of the service (PORT)'],
    [{ PORT: '8080', METRICS_PORT: '8080' }, 'METRICS_PORT must not be the port of the service (PORT)'],
    [{ METRICS_HOST: '0.0.0.0' }, 'METRICS_HOST needs METRICS_PORT'],
  ]
  for (const [env, message] of refused) {
    it(`refuses ${JSON.stringify(env)}`, () => expect(() => readConfig(env)).to.throw(message))
  }
})

describe('serve: the port for metrics', () => {
  let taken: Server
  let port: string
  before(async () => {
    taken = createServer()
    taken.listen(0, '127.0.0.1')
    await once(taken, 'listening')
    port = String((taken.address() as AddressInfo).port)
  })
  after(() => taken.close())

  it('has the metrics of the service, and nothing else, and closes with it', async () => {
    const command = new Command({ ...MEMORY, ...CLIENT, PORT: '0', METRICS_PORT: '0' })
    const address = await command.address()
    const url = /"metrics":"([^"]+)"/.exec(command.stdout)?.[1] ?? ''
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    const authorization = `Basic ${Buffer.from(`management:${'s'.repeat(32)}`).toString('base64')}`
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    expect(
      (await fetch(`${address}/oauth/token`, { method: 'POST', headers: { authorization }, body })).status,
    ).to.equal(200)
    expect((await fetch(`${address}/nothing/here`)).status).to.equal(404)
    expect((await fetch(`${address}/metrics`)).status).to.equal(404)

    const scrape = await fetch(url)
    expect(scrape.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/)
    const text = await scrape.text()
    expect(text).to.include('scopegate_tokens_issued_total{grant_type="client_credentials"} 1\n')
    expect(text).to.include('_count{route="other",method="GET",status="4xx"} 2\n')
    expect(text).to.match(/^scopegate_signing_key_age_seconds \d/m)
    expect(text).to.match(/^process_cpu_seconds_total \d/m)

    expect((await fetch(url, { method: 'HEAD' })).status).to.equal(200)
    expect((await fetch(url, { method: 'POST' })).status).to.equal(405)
    expect((await fetch(url.replace('/metrics', '/oauth/token'))).status).to.equal(404)
    expect((await command.stop()).code).to.equal(0)
    expect(await fetch(url).catch(() => 'closed')).to.equal('closed')
  })

  for (const [description, env, line] of [
    ['is in use', () => ({ METRICS_PORT: port }), 'the port for metrics is in use (METRICS_PORT)'],
    [
      'cannot be listened on',
      () => ({ METRICS_PORT: '0', METRICS_HOST: '192.0.2.1' }),
      'the address for metrics cannot be listened on (METRICS_HOST, METRICS_PORT)',
    ],
    ["is free, and the service's is in use", () => ({ METRICS_PORT: '0', PORT: port }), 'the port is in use (PORT)'],
  ] as const) {
    it(`${description}: one clear line, exit 1`, async () => {
      const outcome = await new Command({ ...MEMORY, PORT: '0', ...env() }).ended()
      expect(outcome).to.deep.equal({ code: 1, stdout: '', stderr: `scopegate: ${line}\n` })
    })
  }

  it('needs prom-client: one clear line, exit 1; without metrics it is not asked for', async () => {
    const preload = new URL('../support/without-prom-client.ts', import.meta.url).href
    const node = [process.execPath, '--import', 'tsx', '--import', preload, MAIN]
    const outcome = await new Command({ ...MEMORY, PORT: '0', METRICS_PORT: '0' }, ['serve'], node).ended()
    const stderr = 'scopegate: METRICS_PORT needs prom-client: npm install prom-client\n'
    expect(outcome).to.deep.equal({ code: 1, stdout: '', stderr })
    const command = new Command({ ...MEMORY, ...CLIENT, PORT: '0' }, ['serve'], node)
    await command.address()
    expect((await command.stop()).code).to.equal(0)
  })

  it('is closed again where it was opened alone', async () => {
    const metrics = await openMetrics({ port: 0, host: '127.0.0.1' })
    expect((await fetch(metrics.url)).status).to.equal(200)
    metrics.registry.metrics = () => Promise.reject(new Error('a metric failed'))
    expect((await fetch(metrics.url)).status).to.equal(500)
    await metrics.stop()
    expect(await fetch(metrics.url).catch(() => 'closed')).to.equal('closed')
  })
})
