import type { CreatedManagementClient } from '../../lib/authorization-server/index.js'

/** The API that the documentation registers. */
export const API = {
  name: 'Internal API',
  identifier: 'https://api.example.com',
  signing_alg: 'RS256',
  token_lifetime: 86400,
  token_dialect: 'access_token_authz',
  enforce_policies: true,
  allow_offline_access: true,
  skip_consent: false,
  permissions: [
    { value: 'read:users', description: 'Read user profiles' },
    { value: 'write:users', description: 'Create or update users' },
  ],
}

/** Calls an authorization server as its users do. */
export class Tour {
  readonly #base: string
  readonly #admin: string
  #management = ''

  constructor(base: string, admin = base) {
    this.#base = base
    this.#admin = admin
  }

  async token(client: { id: string; secret: string }, parameters: Record<string, string> = {}): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...parameters })
    return fetch(`${this.#base}/oauth/token`, { method: 'POST', headers: { authorization }, body })
  }

  async logIn({ clientId, clientSecret = '' }: CreatedManagementClient): Promise<string> {
    const answer = await this.token({ id: clientId, secret: clientSecret })
    this.#management = ((await answer.json()) as { access_token: string }).access_token
    return this.#management
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#admin + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#management}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  /** Registers the API and a client for it. */
  async register(): Promise<{ id: string; secret: string }> {
    await this.call('POST', '/apis', API)
    const answer = await this.call('POST', '/clients', { name: 'My service' })
    const client = (await answer.json()) as { client_id: string; client_secret: string }
    return { id: client.client_id, secret: client.client_secret }
  }
}
