import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { createHttpServer, refuseHost } from '../../lib/cli/serve/http-server.js'
import { listenTo } from '../../lib/cli/serve/expect-continue.js'

const NEVER = 600_000

describe("the server's own refusals", () => {
  let http: Server
  let client: Socket
  let text: string
  let requests: [IncomingMessage, ServerResponse][]

  async function start(times: Partial<Parameters<typeof createHttpServer>[0]> = {}): Promise<void> {
    requests = []
    text = ''
    http = createHttpServer({
      ...{ headersTimeout: NEVER, requestTimeout: NEVER, connectionsCheckingInterval: NEVER },
      ...times,
    })
    listenTo(http, (req, res) => {
      if (refuseHost(req, res)) return
      requests.push([req, res])
      http.emit('came')
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    client = connect((http.address() as AddressInfo).port, '127.0.0.1')
    client.setEncoding('utf8').on('data', read => {
      text += read
    })
    client.on('error', () => {})
  }
  afterEach(() => {
    client.destroy()
    http.closeAllConnections()
    http.close()
  })

  function assertRefused(answer: string, status: number, error_description: string): void {
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(head).to.match(new RegExp(`^HTTP/1\\.1 ${status} \\w`))
    expect(head).to.match(/\r\nContent-Type: application\/json; charset=utf-8/i)
    expect(head).to.match(/\r\nConnection: close/i)
    expect(head).to.match(/\r\nCache-Control: no-store/i)
    expect(JSON.parse(body)).to.deep.equal({ error: 'invalid_request', error_description })
  }

  const UNREADABLE = 'The request cannot be read.'
  const rows: { description: string; sent: string; status: number; says: string }[] = [
    { description: 'text that is no HTTP', sent: 'hello\r\n\r\n', status: 400, says: UNREADABLE },
    { description: 'another protocol', sent: '\x16\x03\x01\x02\x00\x01\x00', status: 400, says: UNREADABLE },
    {
      description: 'a header without a colon',
      sent: 'GET / HTTP/1.1\r\nHost a\r\n\r\n',
      status: 400,
      says: UNREADABLE,
    },
    {
      ...{ description: 'two lengths', status: 400, says: UNREADABLE },
      sent: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    },
    {
      ...{ description: 'headers of more than 16 KB', status: 431, says: 'The headers are too large.' },
      sent: `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
    },
    {
      ...{ description: 'no Host', status: 400, says: 'The Host header is missing.' },
      sent: 'GET / HTTP/1.1\r\n\r\n',
    },
    {
      ...{ description: 'two Hosts', status: 400, says: 'There are several Host headers.' },
      sent: 'GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n',
    },
    {
      ...{ description: 'two Hosts by HTTP/1.0', status: 400, says: 'There are several Host headers.' },
      sent: 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n',
    },
    {
      ...{ description: 'an unknown expectation', status: 417, says: 'The expectation is not supported.' },
      sent: 'POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\n',
    },
    {
      ...{ description: 'a chunk that has no length', status: 400, says: UNREADABLE },
      sent: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    },
  ]
  for (const { description, sent, status, says } of rows) {
    it(`${description}: ${status} as JSON`, async () => {
      await start()
      const ended = once(client, 'close')
      client.write(sent)
      await ended
      assertRefused(text, status, says)
    })
  }

  const slow = [
    { description: 'nothing', sent: '' },
    { description: 'half a request line', sent: 'GET / HT' },
    { description: 'headers without an end', sent: 'GET / HTTP/1.1\r\nHost: a\r\nX: ' },
  ]
  for (const { description, sent } of slow) {
    it(`${description} until the headers are late: 408 as JSON`, async () => {
      await start({ headersTimeout: 20, connectionsCheckingInterval: 10 })
      const ended = once(client, 'close')
      client.write(sent)
      await ended
      assertRefused(text, 408, 'The request did not arrive in time.')
    })
  }

  it('a body that nobody reads until it is late: 408 as JSON', async () => {
    await start({ headersTimeout: 10, requestTimeout: 20, connectionsCheckingInterval: 10 })
    const ended = once(client, 'close')
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx')
    await ended
    assertRefused(text, 408, 'The request did not arrive in time.')
  })

  it('a late body of a request whose answer has begun ends it, and is not written into it', async () => {
    await start({ headersTimeout: 10, requestTimeout: 20, connectionsCheckingInterval: 10 })
    const ended = once(client, 'close')
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx')
    await once(http, 'came')
    requests[0]?.[1].write('begun')
    await ended
    expect(text).to.match(/^HTTP\/1\.1 200 /)
    expect(text).not.to.include('invalid_request')
  })

  it('what cannot be read behind a request is refused after the request was answered', async () => {
    await start()
    const ended = once(client, 'close')
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nhello\r\n\r\n')
    await once(http, 'came')
    await new Promise(resolve => setImmediate(resolve))
    expect(text).to.equal('')
    requests[0]?.[1].setHeader('Content-Length', 2).end('ok')
    await ended
    const [first = '', second = ''] = text.split(/ok(?=HTTP)/)
    expect(first).to.match(/^HTTP\/1\.1 200 /)
    assertRefused(second, 400, UNREADABLE)
  })

  it('a request of HTTP/1.0 needs no Host', async () => {
    await start()
    client.write('GET / HTTP/1.0\r\n\r\n')
    await once(http, 'came')
    expect(requests).to.have.length(1)
  })
})
