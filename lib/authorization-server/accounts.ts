import { invalidType, invalidValue } from '../errors.js'
import type { HttpRequest } from '../http/handler.js'
import type { Account, AccountResolver } from './context.js'
import { issuerPath, validateAccountName, validateIssuer } from './issuer.js'

/** A resolver that knows its accounts beforehand, so that they are opened at start. */
export interface ListedAccounts extends AccountResolver {
  readonly accounts: readonly Account[]
  /** Paths that start so belong to accounts alone: one that names none is answered with 404. */
  readonly prefix?: string
}

/** The metadata paths that RFC 8414 §3.1 puts before an issuer's own path. */
const INSERTED = /^\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(?=\/)/

/** The path of a request, as far as routers have left it: without the query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** One account for every request: `default`, at this issuer. */
export function singleAccount(issuer: string): ListedAccounts {
  validateIssuer(issuer)
  const account: Account = Object.freeze({ name: 'default', issuer, mountPath: issuerPath(issuer) })
  return Object.assign(() => account, { accounts: [account] })
}

/**
 * Finds the account by the `Host` header, in an allow-list. The header is a look-up key and nothing else: no URL is built
 * from it. A port in the header matters only where the list names it. `X-Forwarded-Host` is never read.
 *
 * @param hosts host names in any case (`id.acme.com`), with the account that each one serves
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * const server = await authorizationServer({
 *   accounts: accountsByHost({ 'id.acme.com': { name: 'acme', issuer: 'https://id.acme.com' } }),
 *   store: embeddedStore('.scopegate'),
 * })
 */
export function accountsByHost(hosts: Readonly<Record<string, { name: string; issuer: string }>>): ListedAccounts {
  if (typeof hosts !== 'object' || hosts === null) throw invalidType('hosts: must be an object')
  const byHost = new Map<string, Account>()
  const byName = new Map<string, Account>()
  for (const [host, { name, issuer }] of Object.entries(hosts)) {
    const account = createAccount(name, issuer, issuerPath(validateIssuer(issuer, `hosts['${host}'].issuer`)))
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
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * const server = await authorizationServer({
 *   accounts: accountsByPath('https://id.example.com', ['acme', 'globex']),
 *   store: embeddedStore('.scopegate'),
 * })
 */
export function accountsByPath(issuer: string, names: readonly string[]): ListedAccounts {
  validateIssuer(issuer)
  if (!Array.isArray(names)) throw invalidType('names: must be a list')
  if (names.length === 0) throw invalidValue('names: must hold at least one name')
  const byName = new Map<string, Account>()
  for (const name of names) {
    if (byName.has(name)) throw invalidValue(`names: ${name} stands there twice`)
    byName.set(name, createAccount(name, `${issuer}/t/${name}`, `/t/${name}`))
  }
  const base = issuerPath(issuer)
  const resolve = (req: HttpRequest): Account | null => byName.get(nameIn(pathOf(req.url ?? ''), base)) ?? null
  return Object.assign(resolve, { accounts: [...byName.values()], prefix: '/t/' })
}

function nameIn(path: string, base: string): string {
  let rest = path.replace(INSERTED, '')
  if (base !== '' && rest.startsWith(`${base}/`)) rest = rest.slice(base.length)
  return /^\/t\/([a-z0-9-]+)(?=\/|$)/.exec(rest)?.[1] ?? ''
}

function createAccount(name: string, issuer: string, mountPath: string): Account {
  return Object.freeze({ name: validateAccountName(name, 'account name'), issuer, mountPath })
}

/** Two accounts with one issuer could take each other's tokens for their own. */
function assertDistinctIssuers(accounts: Iterable<Account>): void {
  const seen = new Set<string>()
  for (const { issuer } of accounts) {
    if (seen.has(issuer)) throw invalidValue(`hosts: two accounts have the issuer ${issuer}`)
    seen.add(issuer)
  }
}

/** Checks what a resolver of the host returned; it decides which keys sign, so nothing is taken on trust. */
export function validateAccount(account: Account): Account {
  validateAccountName(account.name, 'accounts: name')
  validateIssuer(account.issuer, 'accounts: issuer')
  return account.mountPath === undefined ? { ...account, mountPath: '' } : account
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
