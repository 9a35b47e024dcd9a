import type { HttpRequest } from '../../http/handler.js'
import type { Account } from '../context/context.js'
import type { Emit } from '../context/events.js'
import { issuerPath } from '../context/issuer.js'

/** Paths that are told of at most: where a mount path has parameters, clients choose it. */
const MAX_PATHS = 20
const MAX_LENGTH = 200

/**
 * Tells the host where the router is mounted under a path that is not in the issuer's: metadata then names URLs at which
 * nothing is served. A proxy may take the start of the issuer's path off, but cannot be known to put something in front.
 */
export function createMountCheck(emit: Emit): (req: HttpRequest, stripped: string, account: Account) => void {
  const told = new Set<string>()
  return ({ baseUrl }, stripped, account) => {
    if (!baseUrl) return
    const mountPath = baseUrl.toLowerCase()
    if (endOf(account).endsWith(mountPath + stripped.toLowerCase())) return
    if (isRewritten(account) || told.size >= MAX_PATHS || told.has(mountPath)) return
    told.add(mountPath)
    emit({ type: 'mount.mismatch', mountPath: baseUrl.slice(0, MAX_LENGTH), issuer: account.issuer })
  }
}

const paths = new WeakMap<Account, string>()

/** The issuer's path, in lower case, as Express compares mount paths. */
function endOf(account: Account): string {
  const known = paths.get(account)
  if (known !== undefined) return known
  const path = issuerPath(account.issuer).toLowerCase()
  paths.set(account, path)
  return path
}

/** Has the host said that the account stands under another path than its issuer? Then it has something that rewrites paths. */
function isRewritten({ issuer, mountPath }: Account): boolean {
  return mountPath !== '' && !issuerPath(issuer).endsWith(mountPath)
}
