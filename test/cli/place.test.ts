import { expect } from 'chai'
import { placeOf } from '../../lib/cli/serve/place.js'

describe('the place where the service listens', () => {
  for (const { host, address, url, isLoopback } of [
    { host: '127.0.0.1', address: '127.0.0.1', url: 'http://127.0.0.1:80', isLoopback: true },
    { host: '127.8.9.1', address: '127.8.9.1', url: 'http://127.8.9.1:80', isLoopback: true },
    { host: 'localhost', address: '127.0.0.1', url: 'http://localhost:80', isLoopback: true },
    { host: 'localhost', address: '::1', url: 'http://localhost:80', isLoopback: true },
    { host: '::1', address: '::1', url: 'http://[::1]:80', isLoopback: true },
    { host: '::ffff:127.0.0.1', address: '::ffff:127.0.0.1', url: 'http://[::ffff:127.0.0.1]:80', isLoopback: true },
    { host: '0.0.0.0', address: '0.0.0.0', url: 'http://127.0.0.1:80', isLoopback: false },
    { host: '0', address: '0.0.0.0', url: 'http://127.0.0.1:80', isLoopback: false },
    { host: '::', address: '::', url: 'http://127.0.0.1:80', isLoopback: false },
    { host: '0::0', address: '::', url: 'http://127.0.0.1:80', isLoopback: false },
    { host: '::ffff:0.0.0.0', address: '::ffff:0.0.0.0', url: 'http://[::ffff:0.0.0.0]:80', isLoopback: false },
    { host: '10.127.0.1', address: '10.127.0.1', url: 'http://10.127.0.1:80', isLoopback: false },
    { host: 'localhost', address: '192.168.1.2', url: 'http://localhost:80', isLoopback: false },
    { host: '127.example.com', address: '192.168.1.2', url: 'http://127.example.com:80', isLoopback: false },
    { host: '2001:db8::1', address: '2001:db8::1', url: 'http://[2001:db8::1]:80', isLoopback: false },
  ]) {
    it(`${host} on ${address} is ${isLoopback ? 'for this machine alone' : 'for others too'}`, () => {
      expect(placeOf(host, { address, port: 80 })).to.deep.equal({ port: 80, url, isLoopback })
    })
  }
})
