import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { signJws } from '../../lib/testing/sign.js'
import { sharedKey, type TestKey } from './keys.js'
import { listen } from './running.js'

/** How the provider answers; each may be changed at any time. */
export interface ProviderManners {
  /** Members of the metadata beside the usual ones, or in their place. */
  metadata: Record<string, unknown>
  /** Parameters of the answer to the browser beside `code`, `state` and `iss`, or in their place; undefined: none. */
  callback: Record<string, string | undefined>
  /** Claims of the ID token. */
  claims: Record<string, unknown>
  /** Signs the ID token. */
  key: TestKey
  /** What stands in the ID token's header. */
  header: Record<string, unknown>
  userinfo: Record<string, unknown>
  /** Answers a path by itself. @returns whether it did */
  intercept?: ((path: string, req: IncomingMessage, res: ServerResponse) => boolean) | undefined
}

/** A small OpenID provider on loopback, which signs in everybody who comes. */
export interface TestProvider extends ProviderManners {
  issuer: string
  /** What each browser came with. */
  visits: URLSearchParams[]
  /** The paths that were asked for. */
  paths: string[]
  now: () => number
  /** Good manners again. */
  reset(): void
  stop(): Promise<void>
}

export const PROVIDER_CLIENT = { clientId: 'scopegate', clientSecret: 'a-secret of-the:provider' }

interface Issued {
  nonce: string | null
  challenge: string | null
  redirectUri: string | null
}

export async function startProvider(now: () => number): Promise<TestProvider> {
  const codes = new Map<string, Issued>()
  const good = (): ProviderManners => ({
    ...{ metadata: {}, callback: {}, claims: {}, header: {}, key: sharedKey(), intercept: undefined },
    userinfo: { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true },
  })
  const provider: TestProvider = {
    ...good(),
    ...{ issuer: '', visits: [], paths: [], now, stop: async () => {} },
    reset: () => Object.assign(provider, good()),
  }
  const handlers: Record<string, (req: IncomingMessage, res: ServerResponse, url: URL) => Promise<void> | void> = {
    '/.well-known/openid-configuration': (_req, res) => json(res, metadataOf(provider)),
    '/jwks': (_req, res) => json(res, { keys: [sharedKey().jwk] }),
    '/authorize': (_req, res, { searchParams }) => authorize(provider, codes, searchParams, res),
    '/token': (req, res) => exchange(provider, codes, req, res),
    '/userinfo': (_req, res) => json(res, provider.userinfo),
  }
  const running = await listen(url => {
    provider.issuer = url
    return (req, res) => {
      const target = new URL(req.url ?? '/', url)
      provider.paths.push(target.pathname)
      if (provider.intercept?.(target.pathname, req, res)) return
      const handle = handlers[target.pathname]
      if (handle === undefined) res.writeHead(404).end()
      else Promise.resolve(handle(req, res, target)).catch(() => res.destroy())
    }
  })
  provider.stop = running.stop
  return provider
}

function json(res: ServerResponse, body: unknown, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function metadataOf({ issuer, metadata }: TestProvider): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    authorization_response_iss_parameter_supported: true,
    ...metadata,
  }
}

function authorize(
  provider: TestProvider,
  codes: Map<string, Issued>,
  asked: URLSearchParams,
  res: ServerResponse,
): void {
  provider.visits.push(asked)
  const code = randomBytes(16).toString('hex')
  const redirectUri = asked.get('redirect_uri') ?? ''
  codes.set(code, { nonce: asked.get('nonce'), challenge: asked.get('code_challenge'), redirectUri })
  const target = new URL(redirectUri)
  const answer = { code, state: asked.get('state') ?? '', iss: provider.issuer, ...provider.callback }
  for (const [name, value] of Object.entries(answer)) if (value !== undefined) target.searchParams.set(name, value)
  res.writeHead(302, { location: target.href }).end()
}

async function exchange(
  provider: TestProvider,
  codes: Map<string, Issued>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  let text = ''
  for await (const chunk of req) text += String(chunk)
  const form = new URLSearchParams(text)
  if (!isAuthenticated(req, form)) return json(res, { error: 'invalid_client' }, 401)
  const issued = codes.get(form.get('code') ?? '')
  codes.delete(form.get('code') ?? '')
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (issued === undefined || issued.challenge !== challenge || issued.redirectUri !== form.get('redirect_uri')) {
    return json(res, { error: 'invalid_grant' }, 400)
  }
  const now = Math.floor(provider.now() / 1000)
  const claims = {
    ...{
      iss: provider.issuer,
      sub: 'ada',
      aud: PROVIDER_CLIENT.clientId,
      iat: now,
      exp: now + 300,
      nonce: issued.nonce,
    },
    ...provider.claims,
  }
  const { key, header } = provider
  const id_token = signJws({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header }, claims, key.privateKey)
  json(res, { access_token: 'an-access-token', token_type: 'Bearer', expires_in: 60, id_token })
}

/** By Basic or form, decoded as RFC 6749 §2.3.1 says. */
function isAuthenticated({ headers }: IncomingMessage, form: URLSearchParams): boolean {
  const basic = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1]
  const [id, secret] =
    basic === undefined
      ? [form.get('client_id'), form.get('client_secret')]
      : Buffer.from(basic, 'base64')
          .toString()
          .split(':')
          .map(part => decodeURIComponent(part.replaceAll('+', ' ')))
  return id === PROVIDER_CLIENT.clientId && secret === PROVIDER_CLIENT.clientSecret
}
