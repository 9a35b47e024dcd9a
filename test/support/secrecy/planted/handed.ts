import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Kind } from '../ledger.js'

/** One way in which a value is handed out, or taken. */
export interface Handed {
  kind: Kind
  description: string
  hand(value: string): unknown
  /** Makes such a value; default: {@link mint}. */
  make?(): string
}

export const mint = (): string => randomBytes(32).toString('base64url')

const encode = (text: string): string => Buffer.from(text).toString('base64url')
/** A token that is signed, by its looks. */
const mintJwt = (): string => `${encode('{"alg":"RS256"}')}.${encode('{"sub":"ada"}')}.${mint()}`

const NODE = process.execPath
const REGISTERED = 'https://app.example.com/callback'

interface Sent {
  method?: string
  target?: string
  headers?: Record<string, string>
  body?: string
}

/** Sends a request to a server of this process, which alone sees it. */
async function exchange(request: Sent, answer: (res: ServerResponse) => void): Promise<void> {
  const { method = 'GET', target = '/', headers = {}, body = '' } = request
  const server = createServer((req, res) => req.resume().on('end', () => answer(res)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const all = { host: 'localhost', connection: 'close', 'content-length': `${body.length}`, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
  await once(socket.resume(), 'close')
  await new Promise(resolve => server.close(resolve))
}

const answered = (answer: (res: ServerResponse, value: string) => void) => (value: string) =>
  exchange({}, res => answer(res, value))

const sent = (request: (value: string) => Sent) => (value: string) => exchange(request(value), res => void res.end())

const form = (name: string) => sent(value => ({ method: 'POST', body: `a=b&${name}=${value}` }))
const header = (name: string, scheme: string) => sent(value => ({ headers: { [name]: scheme + value } }))
const member = (name: string) => answered((res, value) => void res.end(JSON.stringify({ a: 1, [name]: value })))

/** A server in another process, which answers every request with these members. */
async function startChild(value: string): Promise<{ url: string; end(): void }> {
  const script = `const server = require('http').createServer((req, res) => res.end(process.env.GIVEN))
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const env = { GIVEN: JSON.stringify({ access_token: value }) }
  const child = spawn(NODE, ['-e', script], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(child.stdout, 'data')
  return { url: `http://127.0.0.1:${String(port).trim()}/`, end: () => void child.kill() }
}

const ofChild = (ask: (url: string) => Promise<unknown>) => async (value: string) => {
  const { url, end } = await startChild(value)
  await ask(url)
  end()
}

async function getWhole(url: string): Promise<void> {
  const [response] = await once(get(url, { agent: false }), 'response')
  await once(response.resume(), 'end')
}

/** What a shell writes. */
const echoed = (line: (value: string) => string) => (value: string) => once(spawn('sh', ['-c', line(value)]), 'close')

const CLIENT = 'scopegate: management client: account default, issuer http://localhost:1, client id cli_x, secret'

export const HANDED: readonly Handed[] = [
  { kind: 'access token', description: 'a member of an answer', hand: member('access_token') },
  {
    kind: 'access token',
    description: 'the answer of another process, by fetch',
    hand: ofChild(url => fetch(url).then(res => res.json())),
  },
  { kind: 'access token', description: 'the same, by node:http', hand: ofChild(getWhole) },
  {
    kind: 'access token',
    description: 'a Bearer token for another process',
    hand: value => ofChild(url => fetch(url, { headers: { authorization: `Bearer ${value}` } }))(''),
  },
  {
    kind: 'verifier',
    description: 'a parameter for another process',
    hand: value => ofChild(url => fetch(url, { method: 'POST', body: `code_verifier=${value}` }))(''),
  },
  { kind: 'access token', description: 'a Bearer token', hand: header('authorization', 'Bearer ') },
  {
    kind: 'access token',
    description: 'a token bound by DPoP, signed',
    hand: header('authorization', 'dpop '),
    make: mintJwt,
  },
  { kind: 'access token', description: 'a token to introspect', hand: form('token') },
  {
    kind: 'access token',
    description: 'what a command shows',
    hand: echoed(value => `echo '${value}'`),
    make: mintJwt,
  },
  { kind: 'refresh token', description: 'a member of an answer', hand: member('refresh_token') },
  { kind: 'refresh token', description: 'a parameter', hand: form('refresh_token') },
  { kind: 'ID token', description: 'a member of an answer', hand: member('id_token') },
  {
    kind: 'ID token',
    description: 'a hint in a query',
    hand: sent(value => ({ target: `/logout?id_token_hint=${value}` })),
  },
  {
    kind: 'code',
    description: 'in a redirection',
    hand: answered((res, value) => void res.writeHead(303, { location: `${REGISTERED}?code=${value}&state=x` }).end()),
  },
  { kind: 'code', description: 'a parameter', hand: form('code') },
  {
    kind: 'code',
    description: 'a member of a request',
    hand: sent(code => ({ method: 'POST', body: JSON.stringify({ code }) })),
  },
  { kind: 'verifier', description: 'a parameter', hand: form('code_verifier') },
  { kind: 'client secret', description: 'a member of an answer', hand: member('client_secret') },
  { kind: 'client secret', description: 'a parameter', hand: form('client_secret') },
  {
    kind: 'client secret',
    description: 'in Basic credentials',
    hand: sent(value => ({ headers: { authorization: `Basic ${encode(`cli:${value}`)}` } })),
  },
  {
    kind: 'client secret',
    description: 'what serve prints at its first start',
    hand: echoed(value => `echo '${CLIENT} ${value}' >&2`),
  },
  {
    kind: 'client secret',
    description: 'what a command shows once',
    hand: echoed(value => `echo 'client_secret of A (cli_x)  ${value}   (shown this once)' >&2`),
  },
  {
    kind: 'Basic credentials',
    description: 'as a header has them',
    hand: header('authorization', 'Basic '),
    make: () => encode(`cli:${mint()}`),
  },
  {
    kind: 'session cookie',
    description: 'set',
    hand: answered(
      (res, value) => void res.setHeader('Set-Cookie', ['other=1', `scopegate.session.default=${value}; Path=/`]).end(),
    ),
  },
  {
    kind: 'session cookie',
    description: 'of a request, sent',
    hand: header('cookie', 'other=1; __Host-scopegate_req_1='),
  },
  { kind: 'anti-forgery value', description: 'a parameter', hand: form('anti_forgery') },
  { kind: 'password', description: 'a parameter', hand: form('password') },
  {
    kind: 'private key',
    description: 'exported',
    make: () => String(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }).d),
    hand: () => undefined,
  },
  {
    kind: 'secret of the environment',
    description: 'of a child process',
    hand: value => once(spawn(NODE, ['-e', ''], { env: { LOGIN_CLIENT_SECRET: value } }), 'close'),
  },
]
