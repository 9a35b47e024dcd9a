import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { createHealth, type Health, storeHealth } from '../../lib/cli/serve/health.js'

const failing = (part: string) => ({ status: 503, body: { status: 'unavailable', failing: [part] } })
const OK = { status: 200, body: { status: 'ok' } }

describe('how the service is', () => {
  let health: Health
  let http: Server
  let url: string
  const get = async (path: string, init?: RequestInit) => {
    const answer = await fetch(url + path, init)
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? '' : JSON.parse(text), headers: answer.headers }
  }

  beforeEach(async () => {
    health = createHealth()
    http = createServer((req, res) => {
      if (!health.answer(req, res)) res.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    await once(http, 'listening')
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  })
  afterEach(() => void http.close())

  const down = async (): Promise<void> => {
    throw new Error('a text that stays here')
  }
  for (const { description, watch, expected } of [
    { description: 'before the store was reached', watch: undefined, expected: failing('store') },
    { description: 'while accounts are opened', watch: () => 'accounts' as const, expected: failing('accounts') },
    { description: 'while the store does not answer', watch: storeHealth(down), expected: failing('store') },
    { description: 'while all is well', watch: storeHealth(async () => {}), expected: OK },
  ]) {
    it(`is told ${description}: ready or not, and live in any case`, async () => {
      if (watch !== undefined) health.watch(watch)
      for (const path of [
        '/health',
        '/health/ready',
        '/health?x=1',
        '/health/',
        '/Health/Ready',
        '/health/live',
        '/health/live/',
      ]) {
        const { status, body, headers } = await get(path)
        expect({ status, body }, path).to.deep.equal(path.startsWith('/health/live') ? OK : expected)
        expect(headers.get('cache-control')).to.equal('no-store')
        if (status === 503) expect(headers.get('retry-after')).to.match(/^[1-9]\d*$/)
      }
      expect(await get('/health', { method: 'HEAD' })).to.include({ status: expected.status, body: '' })
    })
  }

  for (const { method = 'GET', path } of [
    { path: '/healthy' },
    { path: '/health//' },
    { path: '//health' },
    { path: '/health/other' },
    { path: '/t/acme/health' },
    { method: 'POST', path: '/health' },
    { method: 'DELETE', path: '/health/live' },
  ]) {
    it(`leaves ${method} ${path} to others`, async () => {
      expect((await fetch(url + path, { method })).status).to.equal(404)
    })
  }
})
