import type { AccountHandler } from '../accounts/account-router.js'
import { createDocumentHandler } from '../discovery/metadata-router.js'
import type { HttpRequest } from '../../http/handler.js'
import type { Account } from '../context/context.js'
import { createDocument, type Described } from './document.js'

/** `GET /openapi.json`. @param serverOf the URL that the paths are below */
export function createOpenApiHandler(
  described: Described,
  serverOf: (req: HttpRequest, account: Account) => string,
): AccountHandler {
  // Most servers are never asked for it.
  let documentOf: ReturnType<typeof createDocument> | undefined
  return createDocumentHandler('openApi', async (account, req) => {
    documentOf ??= createDocument(described)
    return documentOf({ issuer: account.issuer, server: serverOf(req, account) })
  })
}

/** Where the public routes are: what the configuration says. `Host` has no say in it. */
export const atIssuer = (_req: HttpRequest, { issuer }: Account): string => issuer

/** A path of ordinary characters, which no client takes for another host. */
const SOUND_PATH = /^(?:\/[A-Za-z0-9._~@:=,+-]+)+$/

/** Where the router is mounted, as a path on the host that the document comes from. */
export function atMountPath({ baseUrl = '' }: Pick<HttpRequest, 'baseUrl'>): string {
  if (baseUrl === '') return '/'
  return SOUND_PATH.test(baseUrl) ? baseUrl : '.'
}
