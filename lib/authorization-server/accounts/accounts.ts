import { LRUCache } from 'lru-cache'
import { invalidType, invalidValue } from '../../errors.js'
import type { HttpRequest } from '../../http/handler.js'
import { pathOf } from '../../http/request-target.js'
import { memoize } from '../../memoize.js'
import type { Account, AccountResolver } from '../context/context.js'
import { type IssuerChecks, issuerPath, validateAccountName, validateIssuer } from '../context/issuer.js'

/** A resolver that knows its accounts beforehand, so that they are opened at start. */
export interface ListedAccounts extends AccountResolver {
  readonly accounts: readonly Account[]
  /** Where accounts are told apart by their paths: the rest of a path below an account of any name, known or not. */
  readonly pathBelow?: (path: string) => string | undefined
}

/** The metadata paths that RFC 8414 §3.1 puts before an issuer's own path. */
const INSERTED = /^\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(?=\/)/

/** Is this a metadata path with an issuer's own path behind it (RFC 8414 §3.1)? */
export function isInserted(path: string): boolean {
  return INSERTED.test(path)
}

/** One account for every request: `default`, at this issuer. */
export function singleAccount(issuer: string, checks?: IssuerChecks): ListedAccounts {
  validateIssuer(issuer, 'issuer', checks)
  const account = createAccount('default', issuer, issuerPath(issuer))
  return Object.assign(() => account, { accounts: [account] })
}

/**
 * Finds the account by the `Host` header, in an allow-list. The header is a look-up key and nothing else: no URL is built
 * from it. A port in the header matters only where the list names it. `X-Forwarded-Host` is never read.
 *
 * @param hosts host names in any case (`id.acme.com`), with the account that each one serves
 * @param checks `allowInsecureRequests`, where the server has this option too
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * const server = await authorizationServer({
 *   accounts: accountsByHost({ 'id.acme.com': { name: 'acme', issuer: 'https://id.acme.com' } }),
 *   store: embeddedStore('.scopegate'),
 * })
 */
export function accountsByHost(
  hosts: Readonly<Record<string, { name: string; issuer: string }>>,
  checks?: IssuerChecks,
): ListedAccounts {
  if (typeof hosts !== 'object' || hosts === null) throw invalidType('hosts: must be an object')
  const byHost = new Map<string, Account>()
  const byName = new Map<string, Account>()
  for (const [host, { name, issuer }] of Object.entries(hosts)) {
    validateIssuer(issuer, `hosts['${host}'].issuer`, checks)
    const account = createAccount(name, issuer, issuerPath(issuer))
    const same = byName.get(name)
    if (same !== undefined && same.issuer !== issuer) throw invalidValue(`hosts: ${name} has two issuers`)
    byName.set(name, same ?? account)
    byHost.set(host.toLowerCase(), same ?? account)
  }
  if (byHost.size === 0) throw invalidValue('hosts: must name at least one host')
  assertDistinctIssuers(byName.values())
  const resolve = (req: HttpRequest): Account | null => {
    const host = (req.headers.host ?? '').toLowerCase()
    return byHost.get(host) ?? byHost.get(host.replace(/:\d+$/, '')) ?? null
  }
  return Object.assign(resolve, { accounts: [...byName.values()] })
}

/**
 * Finds the account by the path: `/t/<name>/…`, and the metadata paths of RFC 8414 §3.1, which put the well-known part
 * first. The account's issuer is `<issuer>/t/<name>`. Outside of those paths nothing is served.
 *
 * @param issuer what stands before `/t/`, without a trailing slash
 * @param names `[a-z0-9-]`, at least one
 * @param checks `allowInsecureRequests`, where the server has this option too
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * const server = await authorizationServer({
 *   accounts: accountsByPath('https://id.example.com', ['acme', 'globex']),
 *   store: embeddedStore('.scopegate'),
 * })
 */
export function accountsByPath(issuer: string, names: readonly string[], checks?: IssuerChecks): ListedAccounts {
  validateIssuer(issuer, 'issuer', checks)
  if (!Array.isArray(names)) throw invalidType('names: must be a list')
  if (names.length === 0) throw invalidValue('names: must hold at least one name')
  const byName = new Map<string, Account>()
  for (const name of names) {
    if (byName.has(name)) throw invalidValue(`names: ${name} stands there twice`)
    byName.set(name, createAccount(name, `${issuer}/t/${name}`, `/t/${name}`))
  }
  const split = (path: string): { name: string; below: string } | undefined => splitPath(path, issuerPath(issuer))
  const resolve = (req: HttpRequest): Account | null => byName.get(split(pathOf(req.url ?? ''))?.name ?? '') ?? null
  return Object.assign(resolve, { accounts: [...byName.values()], pathBelow: (path: string) => split(path)?.below })
}

/** The name of the account in a path, and the rest of the path. */
function splitPath(path: string, base: string): { name: string; below: string } | undefined {
  const inserted = INSERTED.exec(path)?.[0] ?? ''
  let rest = path.slice(inserted.length)
  if (base !== '' && rest.startsWith(`${base}/`)) rest = rest.slice(base.length)
  const [prefix, name = ''] = /^\/t\/([^/]*)/.exec(rest) ?? []
  return prefix === undefined ? undefined : { name, below: inserted + rest.slice(prefix.length) }
}

/** The accounts made here, each frozen: they need no further check. */
const made = new WeakSet<object>()

function isMade(value: unknown): value is Account {
  return typeof value === 'object' && value !== null && made.has(value)
}

function createAccount(name: string, issuer: string, mountPath: string): Account {
  const account = Object.freeze({ name: validateAccountName(name, 'account name'), issuer, mountPath })
  made.add(account)
  return account
}

/** Two accounts with one issuer could take each other's tokens for their own. */
function assertDistinctIssuers(accounts: Iterable<Account>): void {
  const seen = new Set<string>()
  for (const { issuer } of accounts) {
    if (seen.has(issuer)) throw invalidValue(`hosts: two accounts have the issuer ${issuer}`)
    seen.add(issuer)
  }
}

const answers = new LRUCache<string, Account>({ max: 10_000 })

/**
 * Checks what a resolver of the host answered; it decides which keys sign, so nothing is taken on trust. Each member is
 * read once, and what is worked with is an account of our own.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function validateAnswer(answer: unknown, checks: IssuerChecks): Account | null {
  if (answer === null || isMade(answer)) return answer
  if (typeof answer !== 'object') throw invalidType('accounts: must give an account or null')
  const { name, issuer, mountPath = '' }: { [member in keyof Account]?: unknown } = answer
  const ownName = validateAccountName(name, 'accounts: name')
  const ownPath = validateMountPath(mountPath)
  if (typeof issuer !== 'string') throw invalidType('accounts: issuer: must be a string')
  const key = JSON.stringify([ownName, issuer, ownPath, checks.allowInsecureRequests])
  return memoize<string, Account>(answers, key, () =>
    createAccount(ownName, validateIssuer(issuer, 'accounts: issuer', checks), ownPath),
  )
}

function validateMountPath(mountPath: unknown): string {
  if (typeof mountPath !== 'string') throw invalidType('accounts: mountPath: must be a string')
  if (mountPath === '' || /^\/.*[^/]$/.test(mountPath)) return mountPath
  throw invalidValue('accounts: mountPath: must be empty, or start with a slash and not end with one')
}

/**
 * The rest of a URL below an account: `/t/acme/oauth/token` is `/oauth/token`, and
 * `/.well-known/openid-configuration/t/acme` is `/.well-known/openid-configuration`. A URL that names no path of the
 * account is left as it is: some router or proxy before us has stripped it.
 */
export function stripMountPath(url: string, account: Account): { url: string; stripped: string } {
  const path = pathOf(url)
  const query = url.slice(path.length)
  for (const prefix of prefixesOf(account)) {
    if (path === prefix || path.startsWith(`${prefix}/`)) {
      return { url: `${path.slice(prefix.length) || '/'}${query}`, stripped: prefix }
    }
    const inserted = INSERTED.exec(path)?.[0]
    if (inserted !== undefined && path === inserted + prefix) return { url: inserted + query, stripped: '' }
  }
  return { url, stripped: '' }
}

const prefixes = new WeakMap<Account, readonly string[]>()

function prefixesOf(account: Account): readonly string[] {
  let known = prefixes.get(account)
  if (known === undefined) {
    known = [...new Set([issuerPath(account.issuer), account.mountPath])].filter(prefix => prefix !== '')
    prefixes.set(account, known)
  }
  return known
}
