import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import type { VerifierEvent } from '../../lib/resource-server/contract/events.js'
import type { VerifierOptions } from '../../lib/resource-server/options/options.js'
import { createVerifier } from '../../lib/resource-server/token/verify-access-token.js'
import { sharedKey } from '../support/keys.js'
import { AUDIENCE, ISSUER, mintToken } from '../support/mint-token.js'
import { type NodeAnswer, nodeFetch } from '../support/node-fetch.js'
import { json, plannedFetch } from '../support/planned-fetch.js'
import { setClock } from '../support/set-clock.js'
import { expectUnavailable, JWKS_URI, refusalOf, settle, TIMES } from './fixture.js'

const KEYS = JSON.stringify({ keys: [sharedKey().jwk] })

/** A verifier by this `fetch`, with what it tells. */
function fetchingBy(fetch: VerifierOptions['fetch'], timeoutDuration = 5_000) {
  const events: VerifierEvent[] = []
  const verifier = createVerifier({
    issuer: { issuer: ISSUER, jwksUri: JWKS_URI },
    audience: AUDIENCE,
    clock: setClock(),
    keySet: { ...TIMES, timeoutDuration },
    onEvent: event => void events.push(event),
    ...(fetch !== undefined && { fetch }),
  })
  const failure = () => {
    const found = events.find(({ type }) => type === 'key_set_failed')
    const { code, httpStatus } = (found ?? {}) as { code?: string; httpStatus?: number }
    return { code, httpStatus }
  }
  return { verifier, events, failure }
}

/** Runs, and fails where an error went to the process. */
async function withoutCrash(run: () => Promise<void>): Promise<void> {
  const crashes: unknown[] = []
  const note = (error: unknown): void => void crashes.push(error)
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', note)
  try {
    await run()
    await settle()
  } finally {
    process.off('uncaughtException', note)
    for (const listener of before) process.on('uncaughtException', listener)
  }
  expect(crashes).to.deep.equal([])
}

/** A stream that gives the same piece again and again. */
function endless(piece: Buffer | string, encoding?: BufferEncoding): Readable {
  const stream = new Readable({
    read() {
      this.push(piece)
    },
  })
  return encoding === undefined ? stream : stream.setEncoding(encoding)
}

describe('http-fetch', () => {
  describe('by node-fetch', () => {
    const accepted: Record<string, () => NodeAnswer> = {
      'in one piece': () => ({ body: KEYS }),
      'in many': () => ({ body: Readable.from([...KEYS].map(character => Buffer.from(character))) }),
      'as text': () => ({ body: Readable.from([KEYS]).setEncoding('utf8') }),
    }
    for (const [description, answer] of Object.entries(accepted)) {
      it(`reads a key set that comes ${description}`, () =>
        withoutCrash(async () => {
          const { fetch, responses } = nodeFetch(answer)
          expect(await refusalOf(fetchingBy(fetch).verifier, mintToken())).to.equal(undefined)
          expect(responses[0]?.body.destroyed).to.equal(true)
        }))
    }

    const hanging = (): Readable => new Readable({ read: () => undefined })
    const refused: Record<string, { answer: () => NodeAnswer | Promise<NodeAnswer>; code: string; status?: number }> = {
      'a body of too many bytes': { answer: () => ({ body: endless(Buffer.alloc(65_536, 32)) }), code: 'too_large' },
      'a text of too many': { answer: () => ({ body: endless(' '.repeat(65_536), 'utf8') }), code: 'too_large' },
      'pieces that are no bytes': { answer: () => ({ body: Readable.from([{}, {}]) }), code: 'network' },
      'a body that breaks off': {
        answer: () => ({
          body: new Readable({
            read() {
              this.destroy(new Error('reset'))
            },
          }),
        }),
        code: 'network',
      },
      'no JSON': { answer: () => ({ body: '<!doctype html>' }), code: 'not_json' },
      'no body': { answer: () => ({ body: '' }), code: 'not_json' },
      'a body that never comes': { answer: () => ({ body: hanging() }), code: 'timeout' },
      'no answer': { answer: () => new Promise(() => undefined), code: 'timeout' },
      '404': { answer: () => ({ status: 404, body: hanging() }), code: 'status', status: 404 },
      '500 without end': { answer: () => ({ status: 500, body: endless('x') }), code: 'status', status: 500 },
      'a redirect': { answer: () => ({ status: 302, body: hanging() }), code: 'redirect', status: 302 },
    }
    for (const [description, { answer, code, status }] of Object.entries(refused)) {
      for (const listens of [true, false]) {
        it(`is 503 for ${description}, ${listens ? 'heeding' : 'not heeding'} the signal, and lives on`, () =>
          withoutCrash(async () => {
            const { fetch, responses } = nodeFetch(answer, listens)
            const { verifier, failure } = fetchingBy(fetch, 20)
            await expectUnavailable(verifier, mintToken())
            expect(failure()).to.deep.equal({ code, httpStatus: status })
            await settle()
            for (const { body } of responses) expect(body.destroyed, 'the body is given up').to.equal(true)
          }))
      }
    }

    it('gives up a body that comes after the deadline', () =>
      withoutCrash(async () => {
        let answerLate: (answer: NodeAnswer) => void = () => undefined
        const { fetch, responses } = nodeFetch(() => new Promise(resolve => (answerLate = resolve)), false)
        await expectUnavailable(fetchingBy(fetch, 20).verifier, mintToken())
        answerLate({ body: hanging() })
        await settle()
        expect(responses[0]?.body.destroyed).to.equal(true)
      }))
  })

  describe('with timers that are numbers', () => {
    const { setTimeout: setReal, clearTimeout: clearReal } = globalThis
    const timers = new Map<number, NodeJS.Timeout>()
    before(() => {
      globalThis.setTimeout = ((run: () => void, time: number) => {
        timers.set(timers.size + 1, setReal(run, time))
        return timers.size
      }) as unknown as typeof setTimeout
      globalThis.clearTimeout = (id => clearReal(timers.get(Number(id)))) as typeof clearTimeout
    })
    after(() => {
      globalThis.setTimeout = setReal
      globalThis.clearTimeout = clearReal
    })

    it('fetches the keys', async () => {
      const network = plannedFetch()
      network.always(JWKS_URI, () => json({ keys: [sharedKey().jwk] }))
      expect(await refusalOf(fetchingBy(network.fetch).verifier, mintToken())).to.equal(undefined)
    })

    it('gives up at the deadline', async () => {
      const { verifier, failure } = fetchingBy(() => new Promise(() => undefined), 20)
      await expectUnavailable(verifier, mintToken())
      expect(failure().code).to.equal('timeout')
    })
  })

  it('passes over a byte order mark', async () => {
    const network = plannedFetch()
    network.always(JWKS_URI, () => new Response(`\ufeff${KEYS}`))
    expect(await refusalOf(fetchingBy(network.fetch).verifier, mintToken())).to.equal(undefined)
  })

  describe('what it accepts', () => {
    let server: Server
    let listener: RequestListener
    let origin: string
    before(async () => {
      server = createServer((req, res) => listener(req, res))
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    })
    after(() => {
      server.closeAllConnections()
      server.close()
    })

    // As kube-apiserver does, whose key set is of the one type, and its metadata of the other.
    for (const type of ['application/json', 'application/jwk-set+json']) {
      it(`suits a server that answers 406 to whom ${type} does not suit`, async () => {
        listener = (req, res) => {
          const accepted = (req.headers.accept ?? '').split(',').map(entry => entry.trim())
          if (!accepted.includes(type)) return res.writeHead(406).end()
          return res.writeHead(200, { 'content-type': type }).end(KEYS)
        }
        const issuer = { issuer: ISSUER, jwksUri: `${origin}/jwks` }
        const verifier = createVerifier({ issuer, audience: AUDIENCE, clock: setClock() })
        expect(await refusalOf(verifier, mintToken())).to.equal(undefined)
      })
    }

    for (const status of [204, 301, 302, 304, 401, 403, 404, 406, 429, 500, 503]) {
      it(`tells the status of an answer with ${status}`, async () => {
        listener = (_req, res) => res.writeHead(status, { location: '/elsewhere' }).end()
        const events: VerifierEvent[] = []
        const issuer = { issuer: ISSUER, jwksUri: `${origin}/jwks` }
        const onEvent = (event: VerifierEvent): void => void events.push(event)
        const verifier = createVerifier({ issuer, audience: AUDIENCE, clock: setClock(), onEvent })
        await expectUnavailable(verifier, mintToken())
        const code = status >= 300 && status < 400 ? 'redirect' : 'status'
        expect(events[0]).to.include({ type: 'key_set_failed', code, httpStatus: status })
      })
    }
  })
})
