import { isAsymmetricAlgorithm, type AsymmetricAlgorithm } from '../../../resource-server/contract/algorithms.js'
import { UsageError } from '../../faults.js'
import type { Io } from '../../io.js'
import { readAssignments } from '../assignments.js'
import { readDocument } from '../document.js'

export interface VerifyOptions {
  issuer?: string
  audience?: readonly string[]
  scope?: readonly string[]
  algorithm?: readonly string[]
  requireClaim?: readonly string[]
  claim?: readonly string[]
  strict?: boolean
  clockTolerance?: string
  jwks?: string
  allowInsecureRequests?: boolean
  json?: boolean
}

/** What a token is checked against. */
export interface Demands {
  /** undefined: nobody has said who must have issued it. */
  issuer: string | undefined
  /** null: for whomever. */
  audience: readonly string[] | null
  scopes: readonly string[]
  algorithms: readonly AsymmetricAlgorithm[]
  requiredClaims: readonly string[]
  claims: Readonly<Record<string, unknown>>
  strict: boolean
  /** Seconds. */
  clockTolerance: number
  /** A key set of a file. */
  jwks: object | undefined
  allowInsecureRequests: boolean
}

/** @throws UsageError, Refusal */
export async function readDemands(io: Io, options: VerifyOptions): Promise<Demands> {
  const { issuer, audience = null, scope = [], algorithm = ['RS256'], requireClaim = [], claim = [], jwks } = options
  return {
    issuer,
    audience,
    scopes: scope.flatMap(text => text.split(' ')).filter(name => name !== ''),
    algorithms: algorithm.map(readAlgorithm),
    requiredClaims: requireClaim,
    claims: readClaims(claim),
    strict: options.strict === true,
    clockTolerance: readTolerance(options.clockTolerance),
    jwks: jwks === undefined ? undefined : await readKeySet(io, jwks),
    allowInsecureRequests: options.allowInsecureRequests === true,
  }
}

function readAlgorithm(name: string): AsymmetricAlgorithm {
  if (isAsymmetricAlgorithm(name)) return name
  throw new UsageError('--algorithm must be an asymmetric algorithm such as RS256')
}

/** Names of claims may have dots, so each is read by itself. */
function readClaims(texts: readonly string[]): Record<string, unknown> {
  const claims: [string, unknown][] = texts.map(text => {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError('--claim must be NAME=VALUE')
    return [text.slice(0, at), readAssignments([`value=${text.slice(at + 1)}`])['value']]
  })
  return Object.fromEntries(claims)
}

function readTolerance(text = '5'): number {
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= 3600) return seconds
  throw new UsageError('--clock-tolerance must be a number of seconds from 0 to 3600')
}

async function readKeySet(io: Io, path: string): Promise<object> {
  const document = await readDocument(io, path)
  if (Array.isArray(Object(document).keys)) return document as object
  throw new UsageError('--jwks must be a file with a key set: { "keys": [...] }')
}
