import { invalidValue } from '../../errors.js'
import { isTemplate } from './issuer-template.js'
import { assertKnown, assertRecord, checkNumber, checkText, checkUrl, parseUrl } from './option-checks.js'
import type { IssuerSettings } from './options.js'

/** How a guard asks the issuer whether a token is still good (RFC 7662). */
export interface IntrospectionOptions {
  /** A client of the issuer that may know of tokens for this API, and its secret. Sent by Basic. */
  clientId: string
  clientSecret: string
  /** For how many seconds an answer is used again. 0 (ask about every request) … 3 600, default 30. */
  maxAge?: number
  /** Where to ask; absent: the issuer's metadata says so (`introspection_endpoint`). https, as for key sets. */
  endpoint?: string
}

/** Checked, with every default; the endpoint is undefined where metadata names it. */
export interface IntrospectionSettings {
  clientId: string
  clientSecret: string
  /** Milliseconds. */
  maxAge: number
  endpoint: string | undefined
  issuer: IssuerSettings
}

const NAMES: readonly (keyof IntrospectionOptions)[] = ['clientId', 'clientSecret', 'maxAge', 'endpoint']

/**
 * Reads the option `introspection`. The secret is for one issuer, so there must be one alone.
 * @throws TypeError quoting the option
 */
export function readIntrospection(option: unknown, issuers: readonly IssuerSettings[]): IntrospectionSettings {
  assertRecord(option, 'introspection', 'an object with clientId and clientSecret')
  assertKnown(option, NAMES, 'option introspection.')
  const [issuer] = issuers
  if (issuer === undefined || issuers.length > 1 || isTemplate(issuer.issuer)) {
    throw invalidValue('option introspection is for one issuer, without {tenantid}')
  }
  const seconds = checkNumber(option['maxAge'], 'introspection.maxAge', { min: 0, max: 3_600, fallback: 30 }, false)
  return {
    clientId: checkText(option['clientId'], 'introspection.clientId'),
    clientSecret: checkText(option['clientSecret'], 'introspection.clientSecret'),
    maxAge: seconds * 1000,
    endpoint: readEndpoint(option['endpoint'], issuer),
    issuer,
  }
}

function readEndpoint(option: unknown, { issuer, allowInsecureRequests = false }: IssuerSettings): string | undefined {
  if (option !== undefined) return checkUrl(option, 'introspection.endpoint', allowInsecureRequests)
  const url = parseUrl(issuer)
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return undefined
  throw invalidValue('option introspection.endpoint is required where the issuer is no URL')
}
