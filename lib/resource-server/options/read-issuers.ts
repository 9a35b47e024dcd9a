import { invalidType, invalidValue } from '../../errors.js'
import { metadataIssuerOf, readTemplate, readTenants } from './issuer-template.js'
import { assertKnown, assertRecord, checkText, checkUrl } from './option-checks.js'
import type { IssuerOption, IssuerSettings } from './options.js'

/** Printable characters, and no blank at either end. */
const PRINTABLE = /^(?! )[^\p{C}\p{Zl}\p{Zp}]{1,600}(?<! )$/u

const NAMES: readonly (keyof IssuerOption)[] = ['issuer', 'jwksUri', 'allowInsecureRequests', 'tenants']

/**
 * Reads the option `issuer`.
 *
 * @param uri the option `keySet.uri`: the `jwksUri` of the only issuer
 * @throws TypeError quoting the option
 */
export function readIssuers(option: unknown, uri: unknown): IssuerSettings[] {
  const list: unknown[] = Array.isArray(option) ? option : [option]
  if (list.length === 0) throw invalidValue('option issuer must name at least one issuer')
  const issuers = list.map(entry => readIssuer(entry, list.length === 1 ? uri : undefined))
  if (new Set(issuers.map(({ issuer }) => issuer)).size !== issuers.length) {
    throw invalidValue('option issuer must not name an issuer twice')
  }
  if (uri !== undefined && list.length > 1) throw misplacedUri()
  return issuers
}

function misplacedUri(): TypeError {
  return invalidValue('option keySet.uri is for one issuer without a jwksUri of its own')
}

function readIssuer(entry: unknown, uri: unknown): IssuerSettings {
  const fields: unknown = typeof entry === 'string' ? { issuer: entry } : entry
  assertRecord(fields, 'issuer', 'a string or { issuer, jwksUri }')
  assertKnown(fields, NAMES, 'option issuer.')
  const { issuer: text, jwksUri: place, allowInsecureRequests: insecure, tenants: wanted } = fields
  const allowInsecureRequests = readSwitch(insecure)
  if (uri !== undefined && place !== undefined) throw misplacedUri()
  const jwksUri =
    uri === undefined
      ? readPlace(place, 'issuer.jwksUri', allowInsecureRequests)
      : readPlace(uri, 'keySet.uri', allowInsecureRequests)
  const issuer = checkText(text, 'issuer')
  const tenants = readTenants(wanted, readTemplate(issuer))
  if (jwksUri === undefined) checkDiscoverable(metadataIssuerOf(issuer), allowInsecureRequests)
  else if (!PRINTABLE.test(issuer)) throw invalidValue('option issuer must be 1 to 600 printable characters')
  return {
    issuer,
    ...(jwksUri !== undefined && { jwksUri }),
    ...(allowInsecureRequests && { allowInsecureRequests }),
    ...(tenants !== undefined && { tenants }),
  }
}

function readSwitch(option: unknown): boolean {
  if (option === undefined || typeof option === 'boolean') return option ?? false
  throw invalidType('option issuer.allowInsecureRequests must be a boolean')
}

function readPlace(option: unknown, name: string, allowInsecureRequests: boolean): string | undefined {
  return option === undefined ? undefined : checkUrl(option, name, allowInsecureRequests)
}

/** An issuer whose metadata is to be read is a URL, which has no query and no fragment (RFC 8414 §2). */
function checkDiscoverable(issuer: string, allowInsecureRequests: boolean): void {
  checkUrl(issuer, 'issuer', allowInsecureRequests)
  if (/[?#]/.test(issuer)) throw invalidValue('option issuer must have no query and no fragment')
}
