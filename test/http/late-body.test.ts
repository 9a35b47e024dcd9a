import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { managementErrorHandler, oauthErrorHandler } from '../../lib/http/error-handler.js'
import { takeIn } from '../../lib/http/intake.js'
import { parseParameters, readManagementBody } from '../../lib/http/parameters.js'
import { sendJson } from '../../lib/http/respond.js'
import { takeOver } from '../../lib/http/unread-body.js'

/** One timer, which the test rings. */
class Timer {
  milliseconds: number | undefined
  ring: (() => void) | undefined
  readonly after = (milliseconds: number, run: () => void): (() => void) => {
    this.milliseconds = milliseconds
    this.ring = run
    return () => {
      this.ring = undefined
    }
  }
}

interface Reader {
  name: string
  type: string
  /** What has come, and what comes too late or in time. */
  pieces: readonly [string, string]
  read(req: IncomingMessage, timer: Timer): Promise<unknown>
  answer: typeof oauthErrorHandler
  body: object
  detail: string | undefined
}

const readers: Reader[] = [
  {
    ...{ name: 'a token request', type: 'application/x-www-form-urlencoded', pieces: ['grant_', 'type=x'] },
    read: (req, { after }) => parseParameters(req, { limit: 100, after }),
    answer: oauthErrorHandler,
    body: { error: 'invalid_request', error_description: 'The body did not arrive in time.' },
    detail: 'body_late',
  },
  {
    ...{ name: 'a management request', type: 'application/json', pieces: ['{"a":', '1}'] },
    read: (req, { after }) => readManagementBody(req, after),
    answer: managementErrorHandler,
    body: { status: 408, error_code: 'request_timeout', message: 'The body did not arrive in time.', details: {} },
    detail: undefined,
  },
]

describe('a body that does not arrive', () => {
  let server: Server
  let client: Socket
  let timer: Timer
  let text: string
  let details: unknown[]

  beforeEach(async () => {
    timer = new Timer()
    text = ''
    details = []
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay()
    client.setEncoding('utf8').on('data', read => {
      text += read
    })
  })
  afterEach(() => {
    client.destroy()
    server.closeAllConnections()
    server.close()
  })

  async function begin({ type, read, answer, pieces: [first] }: Reader, early: boolean, framing: string) {
    const requested = once(server, 'request')
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\n${framing}\r\n\r\n${first}`)
    const [req, res] = (await requested) as [IncomingMessage, ServerResponse]
    takeOver(req, res)
    if (early) takeIn(req, 100)
    const reading = read(req, timer).then(
      () => sendJson(res, 200, {}),
      error => {
        details.push(error.detail)
        answer(error, req, res, () => expect.fail('was not answered'))
      },
    )
    while (timer.ring === undefined) await new Promise(resolve => setImmediate(resolve))
    return { req, reading }
  }

  for (const reader of readers) {
    for (const early of [false, true]) {
      const how = early ? ', taken in before it was read' : ''
      const [first, second] = reader.pieces
      const framing = `Content-Length: ${first.length + second.length}`

      it(`of ${reader.name}${how}, is given up after 10 s: 408, and the connection ends`, async () => {
        const ended = once(client, 'close')
        await begin(reader, early, framing)
        expect(timer.milliseconds).to.equal(10_000)
        timer.ring?.()
        await ended
        const [head = '', body = ''] = text.split('\r\n\r\n')
        expect(head).to.match(/^HTTP\/1\.1 408 /)
        expect(head).to.match(/\r\nConnection: close/i)
        expect(JSON.parse(body)).to.deep.equal(reader.body)
        expect(details).to.deep.equal([reader.detail])
      })

      it(`of ${reader.name}${how}, and then does, in time, calls the timer off`, async () => {
        const { reading } = await begin(reader, early, framing)
        client.write(second)
        await reading
        while (text === '') await once(client, 'data')
        expect(text).to.match(/^HTTP\/1\.1 200 /)
        expect(timer.ring).to.equal(undefined)
      })
    }
  }

  it('whose client goes away calls the timer off', async () => {
    const [reader] = readers as [Reader]
    const { reading } = await begin(reader, false, 'Content-Length: 50')
    client.destroy()
    await reading
    expect(timer.ring).to.equal(undefined)
  })

  it('whose client sends a byte now and then is given up all the same', async () => {
    const [reader] = readers as [Reader]
    const ended = once(client, 'close')
    const { req } = await begin(reader, false, 'Content-Length: 50')
    const arrived = once(req, 'data')
    client.write('a')
    await arrived
    timer.ring?.()
    await ended
    expect(text).to.match(/^HTTP\/1\.1 408 /)
  })
})
