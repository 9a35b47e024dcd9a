import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { issuer, network } from './issuer.js'

const { server } = await import('./out/websocket.js')
await once(server.listen(0, '127.0.0.1'), 'listening')
const place = `127.0.0.1:${server.address().port}`
after(() => server.close())

const SCOPE = 'read:events'
const headersOf = async token => ({ authorization: await issuer.bearer(token) })

/** The refusal, or what an accepted socket first said, the protocol that was chosen, and the socket. */
function connect({ headers = {}, protocols = [] }) {
  const socket = new WebSocket(`ws://${place}`, protocols, { headers })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', data => resolve({ said: JSON.parse(data), protocol: socket.protocol, socket }))
    socket.on('unexpected-response', (_req, res) => {
      res.resume().on('end', () => resolve({ status: res.statusCode, headers: res.headers }))
    })
  })
}

describe('websocket.ts', () => {
  it('refuses with 503 during an outage', async () => {
    const { status, headers } = await connect({ headers: await headersOf({ scope: SCOPE }) })
    assert.equal(status, 503)
    assert.match(headers['retry-after'], /^\d+$/)
    assert.equal(headers['www-authenticate'], undefined)
    issuer.fail('none')
  })

  const refusals = [
    { name: 'no token', status: 401, challenge: /^Bearer realm="api", scope="read:events"$/ },
    { name: 'an expired token', token: { scope: SCOPE, expiresIn: -60 }, status: 401, challenge: /"invalid_token"/ },
    { name: 'another scope', token: { scope: 'write:events' }, status: 403, challenge: /"insufficient_scope"/ },
    {
      name: 'a bad subprotocol token',
      protocols: ['events.v1', 'bearer.abc'],
      status: 401,
      challenge: /"invalid_token"/,
    },
    {
      name: 'an empty subprotocol token',
      protocols: ['events.v1', 'bearer.'],
      status: 400,
      challenge: /"invalid_request"/,
    },
    { name: 'two tokens', token: { scope: SCOPE }, protocols: ['bearer.abc'], status: 400 },
  ]
  for (const { name, token, protocols, status, challenge } of refusals) {
    it(`refuses ${name} with ${status}, before the upgrade`, async () => {
      const answer = await connect({ headers: token && (await headersOf(token)), protocols })
      assert.equal(answer.status, status)
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal(answer.headers.connection, 'close')
      if (challenge !== undefined) assert.match(answer.headers['www-authenticate'], challenge)
    })
  }

  it('accepts a token in the header', async () => {
    const { said, socket } = await connect({ headers: await headersOf({ scope: SCOPE, subject: 'ada' }) })
    assert.deepEqual(said, { caller: 'ada' })
    socket.terminate()
  })

  it('accepts a token as a subprotocol, and answers with the other one', async () => {
    const token = await issuer.token({ scope: SCOPE, subject: 'ada' })
    const { said, protocol, socket } = await connect({ protocols: [`bearer.${token}`, 'events.v1'] })
    assert.deepEqual({ said, protocol }, { said: { caller: 'ada' }, protocol: 'events.v1' })
    socket.terminate()
  })

  it('closes with 1008 when the token has expired', async () => {
    // Within the leeway: accepted, and over at once.
    const { socket } = await connect({ headers: await headersOf({ scope: SCOPE, expiresIn: -2 }) })
    const [code, reason] = await once(socket, 'close')
    assert.deepEqual([code, String(reason)], [1008, 'token expired'])
  })

  it('answers what is no upgrade with 426', async () => {
    assert.equal((await network(`http://${place}/`)).status, 426)
  })
})
