import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { addressOf, networkOf } from '../../lib/http/address.js'
import type { HttpRequest } from '../../lib/http/handler.js'

/** A request, as far as its address is concerned. */
const requestOf = (members: { ip?: unknown; remoteAddress?: string }): HttpRequest =>
  ({ ip: members.ip, socket: { remoteAddress: members.remoteAddress } }) as unknown as IncomingMessage

describe('the address of a caller', () => {
  const addresses = [
    {
      description: "is Express's, where there is one",
      ip: '203.0.113.7',
      remoteAddress: '127.0.0.1',
      is: '203.0.113.7',
    },
    { description: "is the socket's without Express", remoteAddress: '203.0.113.7', is: '203.0.113.7' },
    { description: "is the socket's where ip is no text", ip: 7, remoteAddress: '203.0.113.7', is: '203.0.113.7' },
    { description: 'is empty once the socket is gone', is: '' },
    { description: 'is IPv4 where IPv6 only carries it', remoteAddress: '::ffff:203.0.113.7', is: '203.0.113.7' },
    { description: 'is whole for IPv6', remoteAddress: '2001:db8::1:2', is: '2001:db8::1:2' },
  ]
  for (const { description, is, ...members } of addresses) {
    it(description, () => expect(addressOf(requestOf(members))).to.equal(is))
  }

  const networks = [
    { address: '203.0.113.7', network: '203.0.113.7' },
    { address: '2001:db8:1:2:3:4:5:6', network: '2001:db8:1:2' },
    { address: '2001:db8::6', network: '2001:db8:0:0' },
    { address: '2001:db8:1:2::', network: '2001:db8:1:2' },
    { address: '::1', network: '0:0:0:0' },
    { address: '', network: '' },
  ]
  for (const { address, network } of networks) {
    it(`${address || 'none'} belongs to ${network || 'none'}`, () => expect(networkOf(address)).to.equal(network))
  }
})
