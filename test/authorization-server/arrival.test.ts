import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import express5 from 'express'
import express4 from 'express4'
import type { AuthorizationServer } from '../../lib/authorization-server/index.js'
import { type Answer, type Arrival, requestHead, sendPieces } from '../support/pieces.js'
import { addApi, addClient, GOOD, ISSUER, startServer } from './fixtures.js'

/** Some things only the length can tell, or the moment: then one or the other, and never a part. */
type Outcome = 'whole' | 'refused' | 'whole or refused'

/** What a host does with a request before it calls the router. */
interface Host {
  description: string
  before(req: IncomingMessage & { rawBody?: unknown; body?: unknown }, arrival: Arrival): unknown
  outcome: Outcome
}

const listen = (req: IncomingMessage): IncomingMessage => req.on('data', () => {})
const withEncoding = (encoding: BufferEncoding) => (req: IncomingMessage) => void listen(req.setEncoding(encoding))

const hosts: Host[] = [
  { description: 'a host that does nothing', before: () => {}, outcome: 'whole' },
  { description: 'a host that waits', before: () => turn(), outcome: 'whole' },
  { description: 'a host that waits for all of it', before: (_, { arrived }) => arrived(2), outcome: 'whole' },
  { description: 'a listener', before: req => void listen(req), outcome: 'whole' },
  { description: 'two listeners', before: req => void listen(listen(req)), outcome: 'whole' },
  { description: 'a host that throws it away', before: req => void req.resume(), outcome: 'whole' },
  { description: 'a pipe', before: req => void req.pipe(new PassThrough()).resume(), outcome: 'whole' },
  { description: 'a loop over it', before: req => void loop(req), outcome: 'whole' },
  {
    description: 'a listener that reads by itself',
    before: req => void req.on('readable', () => req.read()),
    outcome: 'whole',
  },
  { description: 'a host that holds it', before: req => void req.pause(), outcome: 'whole' },
  {
    description: 'a listener that holds it at first',
    before: req => {
      listen(req).pause()
      setImmediate(() => req.resume())
    },
    outcome: 'whole',
  },
  {
    description: 'a listener that holds it after each piece',
    before: req => {
      req.on('data', () => {
        req.pause()
        setImmediate(() => req.resume())
      })
    },
    outcome: 'whole',
  },
  { description: 'an encoding', before: req => void req.setEncoding('utf8'), outcome: 'whole' },
  ...(['utf8', 'latin1', 'hex', 'base64', 'base64url'] as const).map((encoding): Host => {
    return { description: `a listener for ${encoding}`, before: withEncoding(encoding), outcome: 'whole' }
  }),
  ...(['ascii', 'utf16le'] as const).map((encoding): Host => {
    return {
      description: `a listener for ${encoding}, which loses bytes`,
      before: withEncoding(encoding),
      outcome: 'refused',
    }
  }),
  {
    description: 'a listener and a wait, in which the first piece comes',
    before: req => once(listen(req), 'data'),
    outcome: 'refused',
  },
  {
    description: 'a listener and a wait, in which all of it comes',
    before: req => once(listen(req), 'end'),
    outcome: 'refused',
  },
  {
    description: 'a wait in which it is thrown away',
    before: req => once(req.resume(), 'end'),
    outcome: 'refused',
  },
  {
    description: 'a host that takes one piece out',
    before: async req => {
      await once(req, 'readable')
      req.read()
    },
    outcome: 'refused',
  },
  ...[queueMicrotask, process.nextTick, setImmediate].map((later): Host => {
    const before = (req: IncomingMessage): void => void later(() => listen(req))
    return { description: `a listener that comes by ${later.name}`, before, outcome: 'whole or refused' }
  }),
  {
    description: 'a host that puts back what it took out',
    before: async (req, { arrived }) => {
      await arrived(2)
      req.unshift(req.read())
    },
    outcome: 'whole or refused',
  },
]

async function loop(req: IncomingMessage): Promise<void> {
  for await (const _ of req);
}

/** What must be whole, in two pieces, of which the first ends inside a character. */
interface Endpoint {
  name: string
  start: string
  type: string
  pieces(): readonly [Buffer, Buffer]
  isWhole(answer: Answer): void
  isRefused(answer: Answer): void
}

let number = 0

function cut(text: string, at: string): readonly [Buffer, Buffer] {
  const bytes = Buffer.from(text)
  const index = bytes.indexOf(at) + 1
  return [bytes.subarray(0, index), bytes.subarray(index)]
}

const endpoints: Endpoint[] = [
  {
    name: 'POST /oauth/token',
    start: 'POST /oauth/token',
    type: 'application/x-www-form-urlencoded',
    pieces: () => cut(`scope=read:users&x=ä&${new URLSearchParams(GOOD)}`, 'ä'),
    isWhole({ status, text }) {
      expect([status, JSON.parse(text).scope]).to.deep.equal([200, 'read:users'])
    },
    isRefused({ status, text }) {
      expect([status, JSON.parse(text).error]).to.deep.equal([400, 'invalid_request'])
    },
  },
  {
    name: 'the management API',
    start: 'POST /apis',
    type: 'application/json',
    pieces: () => cut(JSON.stringify({ name: 'Märchen', identifier: `https://n${number++}.example` }), 'ä'),
    isWhole({ status, text }) {
      expect([status, JSON.parse(text).name]).to.deep.equal([201, 'Märchen'])
    },
    isRefused({ status, text }) {
      expect([status, JSON.parse(text).error_code]).to.deep.equal([400, 'validation_error'])
    },
  },
]

const framings = {
  'Content-Length': ([first, second]: readonly [Buffer, Buffer]) => {
    return { header: `Content-Length: ${first.length + second.length}`, pieces: [first, second] }
  },
  chunks: (pieces: readonly [Buffer, Buffer]) => {
    const [first, second] = pieces.map(piece =>
      Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
    ) as [Buffer, Buffer]
    return { header: 'Transfer-Encoding: chunked', pieces: [first, Buffer.concat([second, Buffer.from('0\r\n\r\n')])] }
  },
}

describe('a body in two pieces', () => {
  let sync: AuthorizationServer
  let late: AuthorizationServer
  let allArrived: () => Promise<void> = async () => {}

  before(async () => {
    const options = { authorizeAdmin: () => ({ scopes: [] }) }
    for (const accounts of [undefined, resolveLate]) {
      const test = await startServer({ ...options, ...(accounts && { accounts }) })
      await addApi(test)
      await addClient(test)
      if (accounts === undefined) sync = test.server
      else late = test.server
    }
  })

  /** Knows the account once all of the body is there. */
  async function resolveLate(): Promise<{ name: string; issuer: string }> {
    await allArrived()
    await turn()
    return { name: 'default', issuer: ISSUER }
  }

  for (const [version, express] of Object.entries({ 4: express4, 5: express5 })) {
    for (const isLate of [false, true]) {
      for (const endpoint of endpoints) {
        for (const [framing, frame] of Object.entries(framings)) {
          describe(`Express ${version}, ${endpoint.name}, ${framing}${isLate ? ', an account that takes a while' : ''}`, () => {
            for (const { description, before: prepare, outcome } of hosts) {
              it(`is ${outcome} behind ${description}`, async () => {
                const { header, pieces } = frame(endpoint.pieces())
                const [first = '', second = ''] = pieces
                const head = requestHead(endpoint.start, `Content-Type: ${endpoint.type}`, header)
                const answer = await sendPieces(
                  arrival => {
                    allArrived = () => arrival.arrived(2)
                    return createApp(express, isLate ? late : sync, req => prepare(req, arrival))
                  },
                  [Buffer.concat([Buffer.from(head), first as Buffer]), second],
                )
                if (outcome === 'whole' || (outcome !== 'refused' && answer.status < 400)) endpoint.isWhole(answer)
                else endpoint.isRefused(answer)
              })
            }
          })
        }
      }
    }
  }

  it('is whole for the listener of the host, too', async () => {
    const [endpoint] = endpoints as [Endpoint]
    const heard: Buffer[] = []
    const body = endpoint.pieces()
    const { header, pieces } = framings['Content-Length'](body)
    const [first = '', second = ''] = pieces
    const head = requestHead(endpoint.start, `Content-Type: ${endpoint.type}`, header)
    const listener = createApp(express5, sync, req => void req.on('data', chunk => heard.push(chunk)))
    endpoint.isWhole(await sendPieces(() => listener, [Buffer.concat([Buffer.from(head), first as Buffer]), second]))
    expect(Buffer.concat(heard).toString()).to.equal(Buffer.concat(body).toString())
  })

  for (const [version, express] of Object.entries({ 4: express4, 5: express5 })) {
    it(`goes on as it came where it is the host's, Express ${version}`, async () => {
      const { header, pieces } = framings.chunks([Buffer.from('{"a":'), Buffer.from('1}')])
      const [first = '', second = ''] = pieces
      const head = requestHead('POST /x/oauth/token', 'Content-Type: application/json', header)
      const listeners: number[] = []
      const app = express()
      app.use((req, _res, next) => {
        req.on('data', () => {})
        next()
      })
      app.use(sync.router, sync.adminRouter)
      app.use((req, _res, next) => {
        listeners.push(req.listenerCount('data'))
        next()
      })
      app.use(express.json(), (req, res) => void res.json(req.body))
      const { text } = await sendPieces(() => app, [Buffer.concat([Buffer.from(head), first as Buffer]), second])
      expect(JSON.parse(text)).to.deep.equal({ a: 1 })
      expect(listeners).to.deep.equal([1])
    })
  }

  function createApp(
    express: typeof express5,
    { router, adminRouter }: AuthorizationServer,
    prepare: (req: IncomingMessage) => unknown,
  ): RequestListener {
    const app = express()
    app.use((req, _res, next) => {
      const waiting = prepare(req)
      if (waiting instanceof Promise) waiting.then(() => next(), next)
      else next()
    })
    app.use(router, adminRouter)
    return app
  }
})
