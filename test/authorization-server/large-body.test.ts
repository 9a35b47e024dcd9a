import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import express5 from 'express'
import express4 from 'express4'
import type { AuthorizationServer } from '../../lib/authorization-server/index.js'
import type { Handler } from '../../lib/http/handler.js'
import { heapGrowth } from '../support/heap.js'
import { type Upload, upload } from '../support/uploads.js'
import { ISSUER, startServer } from './fixtures.js'

const MB = 1024 * 1024
const LARGE = 20 * MB
const FORM = 'Content-Type: application/x-www-form-urlencoded'
const JSON_TYPE = 'Content-Type: application/json'
const CHUNKED = 'Transfer-Encoding: chunked'
const CLOSE = 'Connection: close'

const head = (start: string, ...headers: string[]): string =>
  [`${start} HTTP/1.1`, 'Host: id.example.com', ...headers, '', ''].join('\r\n')

/** A request that is answered while its body is still on the way. */
interface Case {
  description: string
  start: string
  headers: string[]
  status: number
}

const tooLarge: Case[] = [
  { description: 'a token request', start: 'POST /oauth/token', headers: [FORM], status: 413 },
  { description: 'a token request in JSON', start: 'POST /oauth/token', headers: [JSON_TYPE], status: 413 },
  { description: 'a management call', start: 'POST /apis', headers: [JSON_TYPE], status: 413 },
]
const refusedBefore: Case[] = [
  { description: 'a token request by PUT', start: 'PUT /oauth/token', headers: [FORM], status: 405 },
  { description: 'a token request by HEAD', start: 'HEAD /oauth/token', headers: [FORM], status: 405 },
  { description: 'a token request of no type', start: 'POST /oauth/token', headers: [], status: 400 },
  {
    description: 'a token request that is compressed',
    start: 'POST /oauth/token',
    headers: [FORM, 'Content-Encoding: gzip'],
    status: 400,
  },
  { description: 'a management call by PUT', start: 'PUT /apis', headers: [JSON_TYPE], status: 405 },
  { description: 'a management call with a form', start: 'POST /apis', headers: [FORM], status: 415 },
  { description: 'a management call for nothing', start: 'POST /apis/1/none', headers: [JSON_TYPE], status: 404 },
  { description: 'a key set with a body', start: 'GET /.well-known/jwks.json', headers: [FORM], status: 200 },
  { description: 'a preflight with a body', start: 'OPTIONS /.well-known/jwks.json', headers: [FORM], status: 204 },
]
const unknown: Case[] = [
  { description: "an unknown account's token", start: 'POST /oauth/token', headers: [FORM], status: 404 },
  { description: "an unknown account's API", start: 'POST /apis', headers: [JSON_TYPE], status: 404 },
]

/** The router without Express, which some hosts mount so. */
const plain = (...handlers: Handler[]): RequestListener =>
  function listener(req, res) {
    const [first, ...rest] = handlers
    if (first === undefined) throw new Error('nobody answers')
    first(req, res, () => plain(...rest)(req, res))
  }

const hosts = {
  'node:http': plain,
  'Express 5': (...handlers: Handler[]): RequestListener => express5().use(...handlers),
  'Express 4': (...handlers: Handler[]): RequestListener => express4().use(...handlers),
}

const framings: Record<string, (bytes: number) => { header: string; chunked: boolean }> = {
  'Content-Length': bytes => ({ header: `Content-Length: ${bytes}`, chunked: false }),
  chunks: () => ({ header: CHUNKED, chunked: true }),
}

describe('a body that nobody reads to its end', () => {
  let single: AuthorizationServer
  let accounts: AuthorizationServer
  let refusing: AuthorizationServer
  let running: Server

  before(async () => {
    const options = { authorizeAdmin: () => ({ scopes: [] }) }
    single = (await startServer(options)).server
    accounts = (await startServer({ ...options, accounts: () => null })).server
    refusing = (
      await startServer({
        authorizeAdmin() {
          throw new Error('no')
        },
        accounts: async () => {
          await turn()
          return { name: 'default', issuer: ISSUER }
        },
      })
    ).server
  })
  afterEach(() => {
    running.closeAllConnections()
    running.close()
  })

  async function send(listener: RequestListener, request: Upload): ReturnType<typeof upload> {
    running = createServer(listener).listen(0, '127.0.0.1')
    await once(running, 'listening')
    return upload(running, request)
  }

  for (const [host, mount] of Object.entries(hosts)) {
    for (const [framing, frame] of Object.entries(framings)) {
      for (const late of [false, true]) {
        const when = late ? ', read once all is written' : ''
        for (const { description, start, headers, status } of tooLarge) {
          it(`${host}, ${framing}${when}: ${description} of 20 MB is ${status}`, async () => {
            const { header, chunked } = frame(LARGE)
            const request = { head: head(start, header, ...headers), bytes: LARGE, chunked, late }
            const outcome = await send(mount(single.router, single.adminRouter), request)
            expect(outcome).to.deep.include({ status, fault: undefined, written: LARGE })
            expect(outcome.headers).to.match(/^connection: close$/im)
            expect(JSON.parse(outcome.text)).to.be.an('object')
          })
        }
        for (const { description, start, headers, status } of [...refusedBefore, ...unknown]) {
          it(`${host}, ${framing}${when}: ${description} is ${status}`, async () => {
            const server = unknown.some(row => row.description === description) ? accounts : single
            const { header, chunked } = frame(LARGE)
            const request = { head: head(start, header, CLOSE, ...headers), bytes: LARGE, chunked, late }
            const outcome = await send(mount(server.router, server.adminRouter), request)
            expect(outcome).to.deep.include({ status, fault: undefined, written: LARGE })
          })
        }
      }
    }

    it(`${host}: who may not call is answered, behind an account that takes a while`, async () => {
      const request = { head: head('POST /apis', JSON_TYPE, CHUNKED, CLOSE), bytes: LARGE, chunked: true }
      const outcome = await send(mount(refusing.adminRouter), request)
      expect(outcome).to.deep.include({ status: 500, fault: undefined, written: LARGE })
    })

    for (const { description, start, headers, status } of host === 'node:http'
      ? [...tooLarge, ...refusedBefore]
      : tooLarge) {
      it(`${host}: ${description} that never ends is ${status}, and cut off after 64 MB`, async () => {
        const request = { head: head(start, CHUNKED, ...headers), bytes: Number.POSITIVE_INFINITY, chunked: true }
        const outcome = await send(mount(single.router, single.adminRouter), request)
        expect(outcome.status).to.equal(status)
        expect(outcome.fault).to.be.oneOf(['EPIPE', 'ECONNRESET'])
        // The systems of both ends hold a few megabytes.
        expect(outcome.written).to.be.within(64 * MB, 96 * MB)
      })
    }

    it(`${host}: a body of more than 64 MB is told beforehand that it is cut off`, async () => {
      const request = { head: head('PUT /oauth/token', FORM, `Content-Length: ${65 * MB}`), bytes: 65 * MB }
      const outcome = await send(mount(single.router), request)
      expect(outcome.status).to.equal(405)
      expect(outcome.headers).to.match(/^connection: close$/im)
    })

    it(`${host}: the connection goes on after a refusal whose body has come`, async () => {
      const first = head('PUT /oauth/token', FORM, `Content-Length: ${65_536 * 2}`) + 'x'.repeat(65_536 * 2)
      const second = head('GET /.well-known/jwks.json', CLOSE)
      const outcome = await send(mount(single.router), { head: first + second, bytes: 0 })
      expect(outcome.status).to.equal(405)
      expect(outcome.headers).to.match(/^connection: keep-alive$/im)
      expect(outcome.text).to.match(/HTTP\/1\.1 200 OK[\s\S]*"keys"/)
    })

    it(`${host}: nothing of what was refused is kept while the rest of it comes`, async () => {
      const listener = mount(single.adminRouter)
      running = createServer(listener).listen(0, '127.0.0.1')
      await once(running, 'listening')
      const grown = await heapGrowth(async () => {
        const clients: Socket[] = []
        for (let i = 0; i < 16; i++) clients.push(await uploadInPart(running))
        return clients
      }, 'arrayBuffers')
      // Kept, it would be the 4 MB that are read of each of 16.
      expect(grown).to.be.below(20)
    })
  }

  /** Sends 8 MB of a body without end, until the answer has come and the server has read them. */
  async function uploadInPart(server: Server): Promise<Socket> {
    const taken = once(server, 'connection')
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    client.on('error', () => {})
    const [socket] = (await taken) as [Socket]
    const answered = once(client, 'data')
    client.write(head('POST /apis', JSON_TYPE, CHUNKED))
    const chunk = Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`)
    for (let sent = 0; sent < 8 * MB; sent += 65_536) await new Promise(resolve => client.write(chunk, resolve))
    expect(String((await answered)[0])).to.match(/^HTTP\/1\.1 413 /)
    while (!socket.destroyed && socket.bytesRead < client.bytesWritten) await turn()
    return client
  }
})
