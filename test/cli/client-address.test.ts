import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import express from 'express'
import { createClientAddress } from '../../lib/cli/serve/client-address.js'
import type { TrustProxy } from '../../lib/cli/serve/trust-proxy.js'

describe('the address of a client', () => {
  const trusts: TrustProxy[] = [
    true,
    false,
    0,
    1,
    2,
    ['loopback'],
    ['10.0.0.0/8', 'loopback'],
    ['192.0.2.1'],
    ['uniquelocal'],
  ]
  const sockets = ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.1.2.3', '198.51.100.7']
  const headers = [
    undefined,
    '',
    '192.0.2.1',
    '192.0.2.1, 10.0.0.1',
    ' 10.0.0.1 ,192.0.2.1',
    'nonsense',
    '192.0.2.1, nonsense',
    ',,',
  ]

  it('is the one that Express gives under the same setting', () => {
    let read = 0
    for (const trust of trusts) {
      const { request } = express().set('trust proxy', trust)
      const readAddress = createClientAddress(trust)
      for (const remoteAddress of sockets) {
        for (const forwarded of headers) {
          const sent = {
            headers: { 'x-forwarded-for': forwarded },
            socket: { remoteAddress },
            connection: { remoteAddress },
          }
          const asked = Object.assign(Object.create(request), sent) as { ip: string }
          const ours = { ...sent } as unknown as IncomingMessage & { ip?: string }
          const { ip } = addressedBy(readAddress, ours)
          expect(ip, `${trust} ${remoteAddress} ${forwarded}`).to.equal(asked.ip)
          read++
        }
      }
    }
    expect(read).to.equal(trusts.length * sockets.length * headers.length)
  })

  function addressedBy(
    readAddress: ReturnType<typeof createClientAddress>,
    req: IncomingMessage & { ip?: string },
  ): { ip: string | undefined } {
    readAddress?.(req)
    return { ip: req.ip ?? req.socket.remoteAddress }
  }
})
