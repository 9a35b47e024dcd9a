import { generateKeyPairSync, sign } from 'node:crypto'
import { resourceServer } from '../dist/index.js'
import { AUDIENCE } from './issuer.js'

const TOKENS = 1_000_000
const MIB = 1024 * 1024
const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * Heap growth after a million distinct tokens, and whether a token that is used all the while is still answered from the cache.
 * ES256, because signing a million RS256 tokens takes a quarter of an hour; the cache does not know the difference.
 */
export async function memory() {
  const issuer = 'https://issuer.example'
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'm', alg: 'ES256', use: 'sig' }
  const fetchKeys = async () => new Response(JSON.stringify({ keys: [jwk] }), { status: 200 })
  const verifier = createCheck(issuer, fetchKeys)
  const mint = i => mintToken(privateKey, issuer, i)
  const hot = mint(-1)
  await verifier(hot)
  await verifier(hot)
  const known = await verifier(hot)
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < TOKENS; i++) {
    await verifier(mint(i))
    if (i % 100 === 0) await verifier(hot)
  }
  globalThis.gc()
  const grown = (process.memoryUsage().heapUsed - before) / MIB
  // The very object: what is verified anew is a new one.
  return { tokens: TOKENS, grownMiB: grown, kept: (await verifier(hot)) === known }
}

function createCheck(issuer, fetchKeys) {
  const guard = resourceServer({
    issuer,
    audience: AUDIENCE,
    algorithms: ['ES256'],
    keySet: { uri: `${issuer}/jwks.json` },
    fetch: fetchKeys,
  }).requireAuth()
  const response = { setHeader() {}, getHeader() {}, headersSent: false }
  return token =>
    new Promise((resolve, reject) => {
      const authorization = `Bearer ${token}`
      const request = { method: 'GET', headers: { authorization }, rawHeaders: ['Authorization', authorization] }
      guard(request, response, error => (error ? reject(error) : resolve(request.auth)))
    })
}

function mintToken(privateKey, issuer, i) {
  const iat = Math.floor(Date.now() / 1000)
  const payload = { iss: issuer, aud: AUDIENCE, sub: 'bench', scope: 'read:users', iat, exp: iat + 86_400, jti: `${i}` }
  const input = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'm' })}.${encode(payload)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
