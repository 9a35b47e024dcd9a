import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect } from 'chai'
import express from 'express'
import { blocksOf, readPage, runBlock, sectionOf } from '../support/docs.js'
import { startServer } from '../authorization-server/fixtures.js'

const section = sectionOf(readPage('authorization-server.md'), '### Bodies that are announced')

describe('docs/authorization-server.md', () => {
  describe('has a server that asks for a body before it is sent', () => {
    let server: Server
    before(async () => {
      const test = await startServer({ authorizeAdmin: () => ({ scopes: [] }) })
      const app = express().use(test.server.router, test.server.adminRouter)
      const http = {
        createServer(listener: RequestListener): Server {
          server = createServer(listener)
          return server
        },
      }
      const [code = ''] = blocksOf(section)
      await runBlock(code, {
        modules: { 'node:http': http },
        names: { app },
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    })
    after(() => {
      server.closeAllConnections()
      server.close()
    })

    const rows = [
      { length: 20 * 1024 * 1024, path: '/apis', type: 'application/json', first: 413 },
      { length: 4 * 1024 * 1024 + 1, path: '/apis', type: 'application/json', first: 413 },
      { length: 4 * 1024 * 1024, path: '/apis', type: 'application/json', first: 100 },
      { length: 20 * 1024 * 1024, path: '/oauth/token', type: 'application/x-www-form-urlencoded', first: 413 },
      { length: 65_536, path: '/oauth/token', type: 'application/x-www-form-urlencoded', first: 100 },
    ]
    for (const { length, path, type, first } of rows) {
      it(`${path}, ${length} bytes: ${first}`, async () => {
        const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
        client.write(
          `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`,
        )
        const [answer] = await once(client, 'data')
        client.destroy()
        expect(String(answer)).to.match(new RegExp(`^HTTP/1\\.1 ${first} `))
      })
    }
  })
})
