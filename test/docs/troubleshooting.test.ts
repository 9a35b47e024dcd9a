import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { RequestHandler } from 'express'
import request from 'supertest'
import { blocksOf, readPage, runBlock } from '../support/docs.js'

const page = readPage('troubleshooting.md')
const [showDetail = '', withCors = ''] = blocksOf(page)

/** As the package of this name does: answers preflights, and marks every other answer. */
const cors =
  ({ origin }: { origin: string }): RequestHandler =>
  (req, res, next) => {
    res.set('Access-Control-Allow-Origin', origin)
    if (req.method === 'OPTIONS') res.sendStatus(204)
    else next()
  }

describe('docs/troubleshooting.md', () => {
  it('shows how to see the detail', async () => {
    const told: unknown[] = []
    const console = { log: (event: unknown) => told.push(event) }
    const { app, issuer } = await runBlock(showDetail, { names: { console } })
    const authorization = await issuer.bearer({ claims: { aud: 'https://other.example' } })
    await request(app).get('/users').set({ authorization }).expect(401)
    const [, type, status, detail] = /type: '(\w+)', status: (\d+), detail: '(\w+)'/.exec(showDetail) ?? []
    expect(told.at(-1)).to.include({ type, status: Number(status), detail, issuer: issuer.issuer })
  })

  it('shows how to look into a token', async () => {
    const [command = ''] = blocksOf(page, 'sh')
    const { issuer } = await runBlock(showDetail)
    const token = await issuer.token({ subject: 'ada' })
    const env = { ...process.env, TOKEN: token }
    expect(JSON.parse(execFileSync('sh', ['-c', command], { env, encoding: 'utf8' }))).to.include({ sub: 'ada' })
  })

  it('mounts cors() so that preflights are answered, and refusals can be read', async () => {
    const { app, issuer } = await runBlock(withCors, { modules: { cors: { default: cors } } })
    const origin = 'https://app.example.com'
    const preflight = await request(app).options('/users').set({ origin, 'access-control-request-method': 'GET' })
    expect(preflight.status).to.equal(204)
    expect(preflight.headers['access-control-allow-origin']).to.equal(origin)
    const refused = await request(app).get('/users').set({ origin }).expect(401)
    expect(refused.headers['access-control-allow-origin']).to.equal(origin)
    expect(refused.headers['access-control-expose-headers']).to.equal('WWW-Authenticate')
    await request(app)
      .get('/users')
      .set('authorization', await issuer.bearer())
      .expect(200)
  })

  it('says rightly that a guard ahead of cors() refuses preflights', async () => {
    const swapped = withCors.replace(/(app\.use\(cors.*\n)(app\.use\(requireAuth.*\n)/, '$2$1')
    expect(swapped).not.to.equal(withCors)
    const { app } = await runBlock(swapped, { modules: { cors: { default: cors } } })
    await request(app).options('/users').set('access-control-request-method', 'GET').expect(401)
  })

  it('says rightly from when on Node refuses headers, and how it takes longer ones', async () => {
    const [, limit = ''] = /maxHeaderSize: ([\d_]+)/.exec(page) ?? []
    const { app, issuer } = await runBlock(showDetail, { names: { console: { log: () => undefined } } })
    // Shorter than a guard takes, and with the other headers longer than Node does.
    const token = await issuer.token({ scope: `read:users ${'x'.repeat(11_600)}` })
    expect(token.length).to.be.within(16_000, 16_384)
    const headers = { authorization: `Bearer ${token}`, 'x-filler': 'x'.repeat(400) }
    const statuses = []
    for (const options of [{}, { maxHeaderSize: Number(limit.replaceAll('_', '')) }]) {
      const server = createServer(options, app)
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      statuses.push((await fetch(`http://127.0.0.1:${port}/users`, { headers })).status)
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
    expect(statuses).to.deep.equal([431, 200])
  })
})
