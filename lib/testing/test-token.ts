import { randomUUID } from 'node:crypto'
import { type Clock, epochSeconds } from '../clock.js'
import { invalidType } from '../errors.js'
import { checkText } from '../resource-server/options/option-checks.js'
import {
  assertOptions,
  checkFinite,
  checkObject,
  checkString,
  checkStrings,
  type OptionTable,
} from './check-options.js'
import type { DpopKey } from './dpop-key.js'

/** What a token is to say. A claim of `undefined` is left out. */
export interface TestTokenOptions {
  /** Blank-separated. Default: none. */
  scope?: string
  permissions?: readonly string[]
  /** Default `test-client`. */
  clientId?: string
  /** Default: the client's id. */
  subject?: string
  /** Seconds from now until it expires; negative for an expired one. Default 3 600. */
  expiresIn?: number
  /** The client's key that the token is bound to (RFC 9449 §6.1). */
  dpopKey?: Pick<DpopKey, 'jkt'>
  /** Any claim, over those above. */
  claims?: Readonly<Record<string, unknown>>
  /** Any header parameter, over `alg`, `typ` and `kid`. The signature stays RS256. */
  header?: Readonly<Record<string, unknown>>
}

const TOKEN: OptionTable<TestTokenOptions> = {
  of: 'of a token',
  members: {
    scope: checkString,
    permissions: checkStrings,
    clientId: checkText,
    subject: checkText,
    expiresIn: checkFinite,
    dpopKey: checkDpopKey,
    claims: checkObject,
    header: checkObject,
  },
  meant: {
    sub: 'subject',
    user: 'subject',
    userId: 'subject',
    scopes: 'scope',
    scp: 'scope',
    permission: 'permissions',
    client_id: 'clientId',
    clientID: 'clientId',
    client: 'clientId',
    azp: 'clientId',
    exp: 'expiresIn',
    expires: 'expiresIn',
    expires_in: 'expiresIn',
    cnf: 'dpopKey',
    jkt: 'dpopKey',
    payload: 'claims',
    iss: 'claims.iss',
    issuer: 'claims.iss',
    aud: 'claims.aud',
    audience: 'claims.aud',
    iat: 'claims.iat',
    nbf: 'claims.nbf',
    jti: 'claims.jti',
    headers: 'header',
    alg: 'header.alg',
    kid: 'header.kid',
    typ: 'header.typ',
  },
  otherwise: 'a claim goes in claims',
}

/** What every token of an issuer says. */
export interface TokenContext {
  issuer: string
  audience: string
  clock: Clock
}

/** The claims of a token; one of `undefined` is left out. @throws TypeError naming the option */
export function createClaims(options: TestTokenOptions, { issuer, audience, clock }: TokenContext): object {
  assertOptions(options, TOKEN)
  const { scope, permissions, clientId = 'test-client', subject = clientId, expiresIn = 3_600, dpopKey } = options
  const iat = epochSeconds(clock)
  return {
    iss: issuer,
    sub: subject,
    aud: audience,
    client_id: clientId,
    scope,
    permissions,
    iat,
    exp: iat + expiresIn,
    jti: randomUUID(),
    cnf: dpopKey && { jkt: dpopKey.jkt },
    ...options.claims,
  }
}

function checkDpopKey(value: unknown, name: string): void {
  checkObject(value, name)
  const { jkt } = Object(value) as Partial<DpopKey>
  if (typeof jkt !== 'string') throw invalidType(`option ${name} must be what await dpopKey() gives`)
}
