import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { readText } from '../../lib/http/body.js'
import { BodyError } from '../../lib/http/body-error.js'

const LIMIT = 1_000

interface Case {
  description: string
  /** What the client writes, each piece once the server has the one before. */
  pieces: readonly (string | Buffer)[]
  /** What a host does before the body is read. */
  before?: (req: IncomingMessage) => unknown
  /** The text, or the fault. */
  outcome: string
}

const head = (...headers: string[]): string => ['POST / HTTP/1.1', 'Host: a', ...headers, '', ''].join('\r\n')
const sized = (body: string | Buffer): string => head(`Content-Length: ${Buffer.byteLength(body)}`)
const chunked = head('Transfer-Encoding: chunked')
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const END = '0\r\n\r\n'
const LONG = 'x'.repeat(LIMIT)

const cases: readonly Case[] = [
  { description: 'in one piece with the headers', pieces: [`${sized('a=1')}a=1`], outcome: 'a=1' },
  { description: 'after the headers', pieces: [sized('a=1'), 'a=1'], outcome: 'a=1' },
  { description: 'in part with the headers', pieces: [`${sized('a=1')}a`, '=1'], outcome: 'a=1' },
  { description: 'byte by byte', pieces: [sized('a=1'), 'a', '=', '1'], outcome: 'a=1' },
  { description: 'in one chunk with the headers', pieces: [chunked + chunk('a=1') + END], outcome: 'a=1' },
  { description: 'in chunks', pieces: [chunked, chunk('a'), chunk('=1'), END], outcome: 'a=1' },
  { description: 'in no chunk', pieces: [chunked + END], outcome: '' },
  { description: 'as none', pieces: [head()], outcome: '' },
  { description: 'empty', pieces: [sized('')], outcome: '' },
  { description: 'of the limit', pieces: [sized(LONG) + LONG], outcome: LONG },
  { description: 'of several bytes a character, cut in two', pieces: [`${sized('ä')}`, ...bytes('ä')], outcome: 'ä' },
  { description: 'later than a host that waits', pieces: [`${sized('ä')}ä`], before: () => turn(), outcome: 'ä' },
  {
    description: 'with an encoding that a host has set',
    pieces: [`${sized('aä')}a`, 'ä'],
    before: req => req.setEncoding('utf8'),
    outcome: 'aä',
  },
  {
    description: 'in one piece, with an encoding that a host has set',
    pieces: [`${sized('a=1')}a=1`],
    before: req => req.setEncoding('latin1'),
    outcome: 'a=1',
  },
  {
    description: 'while a host listens too',
    pieces: [`${sized('a=1')}a=1`],
    before: req => req.on('data', () => {}),
    outcome: 'a=1',
  },
  {
    description: 'while a host listens too, in pieces',
    pieces: [sized('a=1'), 'a=', '1'],
    before: req => req.on('data', () => {}),
    outcome: 'a=1',
  },
  {
    description: 'after a host has read a part of it',
    pieces: [`${sized('a=1&b=2')}a=1&`, 'b=2'],
    before: req => once(req, 'readable').then(() => req.read()),
    outcome: 'consumed',
  },
  {
    description: 'after a host has read a part of it, in chunks',
    pieces: [chunked + chunk('a=1&'), chunk('b=2'), END],
    before: req => once(req, 'data').then(() => req.pause()),
    outcome: 'consumed',
  },
  {
    description: 'after a host has read all of it',
    pieces: [`${sized('a=1')}a=1`],
    before: req => once(req.resume(), 'end'),
    outcome: 'consumed',
  },
  {
    description: 'as none, and a host has waited for its end',
    pieces: [head()],
    before: req => once(req.resume(), 'end'),
    outcome: '',
  },
  {
    description: 'with bytes that a host has put before it',
    pieces: [`${sized('a=1')}a=1`],
    before: req => turn().then(() => req.unshift('b=2&')),
    outcome: 'incomplete',
  },
  {
    description: 'with half a character, and an encoding that a host has set',
    pieces: [`${sized('xyz')}`, Buffer.of(0xf0, 0x9f, 0x98)],
    before: req => req.setEncoding('utf8'),
    outcome: 'not-utf8',
  },
  { description: 'larger than the limit', pieces: [sized(`${LONG}x`)], outcome: 'too-large' },
  { description: 'larger than the limit, in chunks', pieces: [chunked, chunk(LONG), chunk('x')], outcome: 'too-large' },
  { description: 'compressed', pieces: [head('Content-Encoding: gzip')], outcome: 'encoded' },
  { description: 'with half a character', pieces: [`${sized('a')}`, Buffer.of(0xc3)], outcome: 'not-utf8' },
  {
    description: 'that a host has thrown away',
    pieces: [sized('a=1')],
    before: req => {
      req.destroy()
      return once(req, 'close')
    },
    outcome: 'aborted',
  },
]

function bytes(text: string): Buffer[] {
  return [...Buffer.from(text)].map(byte => Buffer.of(byte))
}

describe('a body', () => {
  let server: Server
  let client: Socket

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay()
    client.on('error', () => {})
  })

  afterEach(() => {
    client.destroy()
    server.closeAllConnections()
    server.close()
  })

  for (const { description, pieces, before, outcome } of cases) {
    it(`that comes ${description}`, async () => {
      expect(await exchange(pieces, before)).to.equal(outcome)
    })
  }

  it('that breaks off is aborted', async () => {
    const outcome = exchange([`${sized('a=1')}a`], () => client.destroy())
    expect(await outcome).to.equal('aborted')
  })

  it('is read, and its request closes, one after the other on one connection', async () => {
    for (const text of ['a=1', 'a=2', '']) {
      const closed = once(server, 'request').then(([req]) => once(req as IncomingMessage, 'close'))
      expect(await exchange([sized(text) + text])).to.equal(text)
      await closed
    }
  })

  /** Writes the pieces, and tells what the server read: the text, or the fault. */
  async function exchange(pieces: Case['pieces'], before?: Case['before']): Promise<string> {
    const requested = once(server, 'request')
    const [first = '', ...rest] = pieces
    client.write(first)
    const [req, res] = await requested
    await before?.(req)
    const outcome = read(req)
    for (const piece of rest) {
      const expected: number = req.socket.bytesRead + piece.length
      client.write(piece)
      while (req.socket.bytesRead < expected) await turn()
    }
    const text = await outcome
    res.end()
    return text
  }

  it('is read where a test has injected the request, which ends and never closes', async () => {
    const req = new Readable({ read() {}, autoDestroy: false })
    const injected = Object.assign(req, { headers: { 'content-length': '10' } }) as unknown as IncomingMessage
    const reading = read(injected)
    req.push('grant_')
    req.push('type')
    req.push(null)
    expect(await reading).to.equal('grant_type')
  })
})

async function read(req: IncomingMessage): Promise<string> {
  try {
    return await readText(req, LIMIT)
  } catch (error) {
    if (error instanceof BodyError) return error.fault
    throw error
  }
}
