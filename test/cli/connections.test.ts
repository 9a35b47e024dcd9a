import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, stat } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Connections, trackConnections } from '../../lib/cli/serve/connections.js'

/** Longer than a test may take: what waits for it has failed. */
const NEVER = 600_000
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** Makes eight connections with a request on each, then a file; prints the statuses that come back. */
const CALLERS = `
const [port, file] = process.argv.slice(1)
let sent = 0
for (let i = 0; i < 8; i++) {
  const socket = require('net').connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', chunk => (text += chunk))
  socket.on('error', () => {})
  socket.on('close', () => process.stdout.write(text.slice(9, 12)))
  socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n', () => {
    if (++sent === 8) require('fs').writeFileSync(file, '')
  })
}`

/** A connection that keeps what comes back. */
class Caller {
  readonly socket: Socket
  text = ''
  readonly ended: Promise<unknown>

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('utf8')
    this.socket.on('data', (chunk: string) => {
      this.text += chunk
    })
    this.socket.on('error', () => {})
    this.ended = once(this.socket, 'close')
  }

  /** Resolves when so many answers are there. */
  async answers(count: number): Promise<string[]> {
    for (;;) {
      const all = this.text.split('HTTP/1.1 ').slice(1)
      if (all.length >= count && all.at(-1)?.endsWith('!')) return all
      await once(this.socket, 'data')
    }
  }
}

describe('connections, when the service stops', () => {
  let http: Server
  let port: number
  let connections: Connections
  let underWay: ServerResponse[]
  const callers: Caller[] = []

  beforeEach(async () => {
    underWay = []
    http = createServer()
    connections = trackConnections(http, () => {})
    http.on('request', (req, res) => {
      connections.begin(req, res)
      underWay.push(res)
      http.emit('came')
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    port = (http.address() as AddressInfo).port
  })
  afterEach(async () => {
    for (const { socket } of callers.splice(0)) socket.destroy()
    http.closeAllConnections()
    await new Promise(resolve => http.close(resolve))
  })

  async function call(text = ''): Promise<Caller> {
    const taken = once(http, 'connection')
    const caller = new Caller(port)
    callers.push(caller)
    await taken
    if (text !== '') caller.socket.write(text)
    return caller
  }

  async function came(count: number): Promise<void> {
    while (underWay.length < count) await once(http, 'came')
  }

  const answer = (index: number): unknown => underWay[index]?.end('!')

  for (const { description, text } of [
    { description: 'nothing was sent on', text: '' },
    { description: 'half a request line was sent on', text: 'GET / HT' },
    { description: 'half a header was sent on', text: 'GET / HTTP/1.1\r\nHost: a\r\nX-' },
  ]) {
    it(`end at once where ${description}`, async () => {
      const caller = await call(text)
      await connections.drain(NEVER)
      await caller.ended
      expect(caller.text).to.equal('')
    })
  }

  it('end at once where every request was answered', async () => {
    const caller = await call(REQUEST)
    await came(1)
    answer(0)
    const [first] = await caller.answers(1)
    expect(first).not.to.match(/connection: close/i)
    await connections.drain(NEVER)
    await caller.ended
  })

  it('are answered first where a request is under way, and told that they end', async () => {
    const [busy, silent] = [await call(REQUEST), await call()]
    await came(1)
    const drained = connections.drain(NEVER)
    await silent.ended
    answer(0)
    const [first] = await busy.answers(1)
    expect(first).to.match(/^200 OK[\s\S]*connection: close/i)
    await Promise.all([drained, busy.ended])
  })

  it('are answered first where a body is still under way', async () => {
    const caller = await call('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab')
    await came(1)
    const drained = connections.drain(NEVER)
    underWay[0]?.req.on('end', () => answer(0)).resume()
    caller.socket.write('cd')
    expect(await caller.answers(1)).to.have.length(1)
    await Promise.all([drained, caller.ended])
  })

  it('end after an answer that had begun, which comes whole', async () => {
    const caller = await call(REQUEST)
    await came(1)
    underWay[0]?.write('begun,')
    await once(caller.socket, 'data')
    const drained = connections.drain(NEVER)
    await new Promise(resolve => setImmediate(resolve))
    answer(0)
    await Promise.all([drained, caller.ended])
    expect(caller.text).to.match(/begun,[\s\S]*!/)
  })

  it('take the next request where the answer had begun, and tell it that they end', async () => {
    const caller = await call(REQUEST)
    await came(1)
    underWay[0]?.write('begun,')
    await once(caller.socket, 'data')
    const drained = connections.drain(NEVER)
    answer(0)
    caller.socket.write(REQUEST)
    await came(2)
    answer(1)
    const [first, second] = await caller.answers(2)
    expect(first).not.to.match(/connection: close/i)
    expect(second).to.match(/^200 OK[\s\S]*connection: close/i)
    await Promise.all([drained, caller.ended])
  })

  for (const { description, before } of [
    { description: 'that has sent nothing before', before: 0 },
    { description: 'whose requests were answered', before: 2 },
  ]) {
    it(`take a request that was on the way, on a connection ${description}`, async () => {
      const caller = await call()
      for (let i = 0; i < before; i++) {
        caller.socket.write(REQUEST)
        await came(i + 1)
        answer(i)
        await caller.answers(i + 1)
      }
      const drained = connections.drain(NEVER)
      caller.socket.write(REQUEST)
      await came(before + 1)
      answer(before)
      const answers = await caller.answers(before + 1)
      expect(answers.at(-1)).to.match(/^200 OK[\s\S]*connection: close/i)
      await Promise.all([drained, caller.ended])
    })
  }

  it('answer the next request too that comes behind one under way, and tell it that they end', async () => {
    const caller = await call(REQUEST)
    await came(1)
    const drained = connections.drain(NEVER)
    caller.socket.write(REQUEST)
    await came(2)
    answer(1)
    answer(0)
    const [first, second] = await caller.answers(2)
    expect(first).not.to.match(/connection: close/i)
    expect(second).to.match(/^200 OK[\s\S]*connection: close/i)
    await Promise.all([drained, caller.ended])
  })

  it('are cut off where no answer comes in time', async () => {
    const caller = await call(REQUEST)
    await came(1)
    await connections.drain(1)
    await caller.ended
    expect(caller.text).to.equal('')
  })

  it('are taken that were made while the process was busy, and their requests answered', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scopegate-busy-'))
    const sent = join(folder, 'sent')
    http.on('request', (_req, res) => void res.end('!'))
    const child = spawn(process.execPath, ['-e', CALLERS, `${port}`, sent], { stdio: ['ignore', 'pipe', 'inherit'] })
    let answered = ''
    child.stdout.on('data', chunk => {
      answered += chunk
    })
    const ended = once(child, 'close')
    // Where the loop looks for what has arrived, as a signal comes: nothing of it is seen until all is there.
    await new Promise(resolve =>
      stat(folder, () => {
        while (!existsSync(sent));
        resolve(connections.drain(NEVER))
      }),
    )
    await ended
    expect(answered).to.equal('200'.repeat(8))
    rmSync(folder, { recursive: true })
  })

  it('are not taken any more', async () => {
    await connections.drain(NEVER)
    const socket = connect(port, '127.0.0.1')
    const [error] = await once(socket, 'error')
    expect(error.code).to.equal('ECONNREFUSED')
  })

  it('tell how long each request took, and what it was', async () => {
    const told: unknown[] = []
    const other = createServer()
    const tracked = trackConnections(other, (request, res, ms) => told.push([request, res.statusCode, ms >= 0]))
    other.on('request', (req, res) => {
      tracked.begin(req, res)
      req.url = '/other'
      res.writeHead(404).end()
    })
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    await fetch(`http://127.0.0.1:${(other.address() as AddressInfo).port}/a?b=c`, { method: 'DELETE' })
    await tracked.drain(NEVER)
    expect(told).to.deep.equal([[{ method: 'DELETE', url: '/a?b=c' }, 404, true]])
  })
})
