import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'

export const AUDIENCE = 'https://api.example.com'

export const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An issuer on loopback: metadata and key set over HTTP (counted), and tokens signed in process. */
export async function startIssuer() {
  const key = createKey('bench-1')
  const count = { jwks: 0 }
  const server = createServer((req, res) => {
    const isKeySet = req.url.endsWith('/jwks.json')
    if (isKeySet) count.jwks++
    const metadata = {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    }
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify(isKeySet ? { keys: [key.jwk] } : metadata))
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${server.address().port}`
  const jwksUri = `${issuer}/.well-known/jwks.json`
  return {
    issuer,
    jwksUri,
    jwks: { keys: [key.jwk] },
    publicKey: key.publicKey,
    pem: key.publicKey.export({ type: 'spki', format: 'pem' }),
    count,
    token: (kid = 'bench-1') => signToken(key.privateKey, kid, issuer),
    close: () => new Promise(resolve => server.close(resolve)),
  }
}

function createKey(kid) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  return { publicKey, privateKey, jwk }
}

/** An access token of the usual size (about 900 bytes), its own `jti` in each. */
function signToken(privateKey, kid, issuer) {
  const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid })}.${encode(createClaims(issuer))}`
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
}

export function createClaims(issuer) {
  const iat = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    sub: 'cli_01jd2f5k6m7n8p9q0r1s2t3v4w',
    aud: AUDIENCE,
    client_id: 'cli_01jd2f5k6m7n8p9q0r1s2t3v4w',
    account: 'default',
    scope: 'read:users write:users',
    permissions: ['read:users', 'write:users'],
    iat,
    exp: iat + 3600,
    jti: randomUUID(),
  }
}
