import type { Kind, Ledger } from './ledger.js'

/** Parameters and members whose values are secret, wherever they stand. */
const ALWAYS: Readonly<Record<string, Kind>> = {
  access_token: 'access token',
  refresh_token: 'refresh token',
  id_token: 'ID token',
  id_token_hint: 'ID token',
  client_secret: 'client secret',
  code_verifier: 'verifier',
  anti_forgery: 'anti-forgery value',
  password: 'password',
}

/** In what is sent, and in redirections. In an answer a `code` is the name of a refusal. */
const SENT: Readonly<Record<string, Kind>> = { ...ALWAYS, code: 'code', token: 'access token' }

const MEMBER = /"(\w+)"\s*:\s*("(?:[^"\\]|\\.)*")/g
/** The cookies of the authorization server. */
const COOKIE = /(?:^|[;,]\s*)(?:__Host-)?scopegate[._][\w.-]+=([^;,\s]+)/g
const SIGNED = /\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g

/** A request as it was sent. */
export interface SentRequest {
  target: string
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Notes what is secret in messages. */
export class Sources {
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  request({ target, headers }: SentRequest): void {
    this.#parameters(target)
    this.#cookies(headers['cookie'])
    const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(String(headers['authorization'] ?? '')) ?? []
    if (/^basic$/i.test(scheme)) this.#basic(credentials)
    else if (/^(?:bearer|dpop)$/i.test(scheme)) this.#ledger.secret('access token', credentials)
  }

  requestBody(text: string): void {
    if (/^\s*[[{]/.test(text)) this.#members(text, SENT)
    else this.#form(text)
  }

  answer({ cookies, location }: { cookies: string | readonly string[]; location?: string | undefined }): void {
    this.#cookies(cookies)
    if (location !== undefined) this.#parameters(location)
  }

  answerBody(text: string): void {
    this.#members(text, ALWAYS)
  }

  /** What a command has shown to the person who asked for it. */
  shown(text: string): void {
    this.#members(text, ALWAYS)
    for (const [token] of text.matchAll(SIGNED)) this.#ledger.secret('access token', token)
  }

  /** `NAME=value`. */
  environment(pairs: readonly string[]): void {
    for (const pair of pairs) {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(pair) ?? []
      if (!/SECRET|PASSWORD|ENCRYPTION_KEY/.test(name)) continue
      for (const part of value.split(',')) this.#ledger.secret('secret of the environment', part)
    }
  }

  #basic(credentials: string): void {
    this.#ledger.secret('Basic credentials', credentials)
    const [, secret] = /^[^:]*:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString()) ?? []
    if (secret === undefined) return
    this.#ledger.secret('client secret', secret)
    // RFC 6749 §2.3.1: as in a form.
    const plain = new URLSearchParams(`secret=${secret.replaceAll('&', '%26')}`).get('secret') ?? ''
    if (plain !== secret) this.#ledger.secret('client secret', plain)
  }

  #parameters(target: string): void {
    for (const part of target.split(/[?#]/).slice(1)) this.#form(part)
  }

  #form(text: string): void {
    if (!text.includes('=')) return
    for (const [name, value] of new URLSearchParams(text)) this.#note(SENT, name, value)
  }

  #members(text: string, kinds: Readonly<Record<string, Kind>>): void {
    for (const [, name = '', value = ''] of text.matchAll(MEMBER)) {
      if (Object.hasOwn(kinds, name)) this.#note(kinds, name, parse(value))
    }
  }

  #cookies(header: string | readonly string[] | undefined): void {
    for (const text of [header ?? []].flat()) {
      for (const [, value = ''] of text.matchAll(COOKIE)) this.#ledger.secret('session cookie', value)
    }
  }

  #note(kinds: Readonly<Record<string, Kind>>, name: string, value: string): void {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind !== undefined && value !== '') this.#ledger.secret(kind, value)
  }
}

function parse(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}
