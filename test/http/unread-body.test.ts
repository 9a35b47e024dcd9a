import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { type DropBounds, endAnswer, takeOver } from '../../lib/http/unread-body.js'

const LIMIT = 1_000
const LONG = 'x'.repeat(LIMIT)
const CHUNKED = 'Transfer-Encoding: chunked'

const head = (...headers: string[]): string => ['POST / HTTP/1.1', 'Host: a', ...headers, '', ''].join('\r\n')
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const END = '0\r\n\r\n'

/** Timers that the test rings. */
class Timers {
  readonly #running = new Set<() => void>()
  readonly asked: number[] = []

  readonly after: DropBounds['after'] = (milliseconds, run) => {
    this.asked.push(milliseconds)
    this.#running.add(run)
    return () => this.#running.delete(run)
  }

  get running(): number {
    return this.#running.size
  }

  ring(): void {
    for (const run of this.#running) run()
  }
}

describe('the rest of a body', () => {
  let server: Server
  let client: Socket
  let timers: Timers
  let text: string
  const bounds = (): DropBounds => ({ bytes: LIMIT, time: 30_000, after: timers.after })

  beforeEach(async () => {
    timers = new Timers()
    text = ''
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay()
    client.setEncoding('utf8').on('data', read => {
      text += read
    })
    client.on('error', () => {})
  })
  afterEach(() => {
    client.destroy()
    server.closeAllConnections()
    server.close()
  })

  /** Takes a request, and answers it before its body has come. */
  async function answer(first: string, prepare: (req: IncomingMessage) => unknown = () => {}) {
    const requested = once(server, 'request')
    client.write(first)
    const [req, res] = (await requested) as [IncomingMessage, ServerResponse]
    const closed = once(res, 'close')
    prepare(req)
    takeOver(req, res)
    res.setHeader('Content-Length', 2)
    endAnswer(res, 'no', bounds())
    return { req, res, closed }
  }

  async function answered(): Promise<void> {
    while (!text.endsWith('no')) await once(client, 'data')
  }

  it('is waited for after the answer has gone out, and the timer called off', async () => {
    const { res, closed } = await answer(head(CHUNKED))
    await answered()
    expect(res.writableEnded).to.equal(false)
    expect(timers).to.deep.include({ running: 1, asked: [30_000] })
    client.write(chunk(LONG) + END)
    await closed
    expect(timers.running).to.equal(0)
    expect(client.destroyed).to.equal(false)
  })

  it('leaves the connection to the next request', async () => {
    const { closed } = await answer(head(`Content-Length: ${LIMIT}`))
    await answered()
    client.write(LONG)
    await closed
    text = ''
    await answer(head())
    await answered()
    expect(timers.asked).to.have.length(1)
  })

  it('is cut off after the time, and not before', async () => {
    const { res, closed } = await answer(head(CHUNKED) + chunk('x'))
    await answered()
    expect(res.destroyed).to.equal(false)
    const gone = once(client, 'close')
    timers.ring()
    await Promise.all([closed, gone])
    expect(timers.running).to.equal(0)
  })

  it('is cut off after the time where a host holds it', async () => {
    const { closed } = await answer(head(CHUNKED) + chunk('x'), req => req.on('readable', () => {}))
    await answered()
    timers.ring()
    await closed
  })

  const hosts: Record<string, (req: IncomingMessage) => unknown> = {
    'as bytes': () => {},
    'as text': req => req.setEncoding('utf8'),
    'that a host has paused': req => req.pause(),
    'that a host listens to': req => req.on('data', () => {}),
  }
  for (const [description, prepare] of Object.entries(hosts)) {
    it(`${description} is dropped up to its bytes, and cut off at the next`, async () => {
      const { req, res, closed } = await answer(head(CHUNKED), prepare)
      await answered()
      client.write(chunk(LONG))
      const expected = client.bytesWritten
      while (!req.destroyed && req.socket.bytesRead < expected) await turn()
      await turn()
      expect(res.destroyed).to.equal(false)
      const gone = once(client, 'close')
      client.write(chunk('x'))
      await Promise.all([closed, gone])
      expect(timers.running).to.equal(0)
    })
  }

  it('counts in bytes where it comes as characters', async () => {
    const { closed } = await answer(head(CHUNKED), req => req.setEncoding('utf8'))
    const body = Buffer.from('€'.repeat(LIMIT / 2))
    client.write(Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]))
    await closed
  })

  it('is nobody’s when the client goes away', async () => {
    const { closed } = await answer(head(CHUNKED) + chunk('x'))
    await answered()
    client.destroy()
    await closed
    expect(timers.running).to.equal(0)
  })

  const headers = [
    { description: 'one byte too long', header: `Content-Length: ${LIMIT + 1}`, closes: true },
    { description: 'as long as is dropped', header: `Content-Length: ${LIMIT}`, closes: false },
    { description: 'of unknown length', header: CHUNKED, closes: false },
  ]
  for (const { description, header, closes } of headers) {
    it(`${description}: the answer ${closes ? 'says' : 'does not say'} that the connection ends`, async () => {
      await answer(head(header))
      await answered()
      expect(/^connection: close$/im.test(text)).to.equal(closes)
    })
  }

  const plain = [
    { description: 'no body', first: head() },
    { description: 'an empty body', first: head('Content-Length: 0') },
  ]
  for (const { description, first } of plain) {
    it(`is no matter with ${description}`, async () => {
      const { res } = await answer(first)
      expect(res.writableEnded).to.equal(true)
      expect(timers.asked).to.deep.equal([])
    })
  }

  it('is the host’s where the request is', async () => {
    const requested = once(server, 'request')
    client.write(head(CHUNKED))
    const [, res] = (await requested) as [IncomingMessage, ServerResponse]
    endAnswer(res, 'no', bounds())
    expect(res.writableEnded).to.equal(true)
    expect(timers.asked).to.deep.equal([])
  })

  it('is dropped where a test has injected the request, which ends and never closes', async () => {
    const stream = new Readable({ read() {}, autoDestroy: false })
    const req = Object.assign(stream, { headers: { 'content-length': '10' } }) as unknown as IncomingMessage
    const calls: unknown[][] = []
    const res = {
      write: (...all: unknown[]) => void calls.push(['write', ...all]),
      end: (...all: unknown[]) => void calls.push(['end', ...all]),
    } as unknown as ServerResponse
    takeOver(req, res)
    endAnswer(res, 'no', bounds())
    expect(calls).to.deep.equal([['write', 'no']])
    const ended = once(stream, 'end')
    stream.push('grant_type')
    stream.push(null)
    await ended
    expect(calls).to.deep.equal([['write', 'no'], ['end']])
    expect(timers.running).to.equal(0)
  })

  it('keeps no process alive by its timer', async () => {
    const requested = once(server, 'request')
    client.write(head(CHUNKED))
    const [req, res] = (await requested) as [IncomingMessage, ServerResponse]
    const before = process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    takeOver(req, res)
    endAnswer(res, 'no')
    expect(process.getActiveResourcesInfo().filter(name => name === 'Timeout')).to.have.length(before)
  })
})
