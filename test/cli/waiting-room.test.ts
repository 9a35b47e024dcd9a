import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect } from 'chai'
import { createWaitingRoom, type WaitingRoom } from '../../lib/cli/serve/waiting-room.js'

/** A server whose requests go into a room; `came` and `left` resolve when so many have come, or were answered or gone. */
async function serveRoom(room: WaitingRoom) {
  const counts = { came: 0, left: 0 }
  const http = createServer()
  const count = (what: keyof typeof counts) => {
    counts[what]++
    http.emit('counted')
  }
  const until = async (what: keyof typeof counts, n: number) => {
    while (counts[what] < n) await once(http, 'counted')
  }
  http.on('request', (req, res) => {
    room.enter(req, res)
    res.once('close', () => count('left'))
    count('came')
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    port: (http.address() as AddressInfo).port,
    came: (n: number) => until('came', n),
    left: (n: number) => until('left', n),
    async close() {
      http.closeAllConnections()
      await new Promise(resolve => http.close(resolve))
    },
  }
}

const app: RequestListener = (req, res) => res.end(`at ${req.url}`)

describe('the room where requests wait while the service starts', () => {
  let room: WaitingRoom
  let server: Awaited<ReturnType<typeof serveRoom>>
  const open = async (options?: Parameters<typeof createWaitingRoom>[0]) => {
    room = createWaitingRoom(options)
    server = await serveRoom(room)
  }
  afterEach(() => server.close())

  async function expectRefused(answer: Response): Promise<void> {
    expect(answer.status).to.equal(503)
    expect(answer.headers.get('retry-after')).to.match(/^[1-9]\d*$/)
    expect(answer.headers.get('connection')).to.equal('close')
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(await answer.json()).to.be.an('object')
  }

  it('hands over who waits and who comes', async () => {
    await open()
    const waiting = [fetch(`${server.url}/a`), fetch(`${server.url}/b`)]
    await server.came(2)
    room.open(app)
    const texts = await Promise.all([...waiting, fetch(`${server.url}/c`)].map(async answer => (await answer).text()))
    expect(texts).to.deep.equal(['at /a', 'at /b', 'at /c'])
  })

  it('answers who finds it full, and keeps the others', async () => {
    await open({ limit: 2 })
    const waiting = [fetch(server.url), fetch(server.url)]
    await server.came(2)
    for (let i = 0; i < 3; i++) await expectRefused(await fetch(server.url))
    room.open(app)
    expect((await Promise.all(waiting)).map(({ status }) => status)).to.deep.equal([200, 200])
  })

  it('has place again for who comes when another one goes away', async () => {
    await open({ limit: 1 })
    const gone = connect(server.port, '127.0.0.1')
    gone.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await server.came(1)
    await expectRefused(await fetch(server.url))
    gone.destroy()
    await server.left(2)
    const waiting = fetch(server.url)
    await server.came(3)
    room.open(app)
    expect((await waiting).status).to.equal(200)
  })

  it('answers who has waited long enough', async () => {
    await open({ timeout: 1 })
    await expectRefused(await fetch(server.url))
    room.open(app)
    expect((await fetch(server.url)).status).to.equal(200)
  })

  for (const { path, body } of [
    {
      path: '/oauth/token',
      body: { error: 'temporarily_unavailable', error_description: 'The service cannot answer now.' },
    },
    {
      path: '/t/acme/oauth/token?x=1',
      body: { error: 'temporarily_unavailable', error_description: 'The service cannot answer now.' },
    },
    {
      path: '/apis',
      body: { status: 503, error_code: 'unavailable', message: 'The service cannot answer now.', details: {} },
    },
  ]) {
    it(`answers ${path} in its own words where the service does not start`, async () => {
      await open()
      const waiting = fetch(server.url + path, { method: 'POST', body: 'a=b' })
      await server.came(1)
      room.close()
      for (const answer of [await waiting, await fetch(server.url + path)]) {
        expect(await answer.clone().json()).to.deep.equal(body)
        await expectRefused(answer)
      }
    })
  }
})
