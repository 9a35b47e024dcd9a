import { type Clock, systemClock } from '../../clock.js'
import { invalidType, invalidValue } from '../../errors.js'
import type { AsymmetricAlgorithm } from '../contract/algorithms.js'
import { assertKnown, assertRecord, checkNumber, checkUrl } from '../options/option-checks.js'
import { readAlgorithms } from '../options/read-options.js'
import { originForm } from '../../http/request-target.js'
import { createNonces, type Nonces } from './nonces.js'
import { normalizePath } from './request-url.js'
import { memoryReplays, type ReplayStore } from './replay-store.js'

/** `off`: bearer tokens alone. `allowed`: both. `required`: bound tokens with a proof, no bearer tokens. */
export type DpopMode = 'off' | 'allowed' | 'required'

/** What a proof of possession has to be (RFC 9449 §4.3). */
export interface DpopProofOptions {
  /** Accepted signature algorithms of proofs. Default `ES256`, `EdDSA`, `Ed25519`, `PS256`, `RS256`. */
  algorithms?: readonly AsymmetricAlgorithm[]
  /** How old the `iat` of a proof may be, in seconds; it may lie ahead by 30. 1 … 3 600, default 300. */
  maxAge?: number
  /**
   * Demands a nonce of ours in each proof (RFC 9449 §9): at least 32 bytes, the same on every process that serves this API.
   * With it the client's clock does not matter. Default: none is demanded.
   */
  nonceSecret?: string | Uint8Array
  /** Where used proofs are remembered. Default: this process; several processes need a common one. */
  replays?: ReplayStore
}

/** The options of the guards that concern DPoP. */
export interface DpopOptions {
  /** Proof of possession (RFC 9449). A token that is bound to a key is never a bearer token, in any mode. Default `off`. */
  dpop?: DpopMode
  dpopProof?: DpopProofOptions
  /**
   * Scheme, host and port under which clients call, which the `htu` of a proof must name: `https://api.example.com`. Where a
   * proxy takes the start of the path off, that start too: `https://api.example.com/v1`. A slash at its end means nothing.
   * Default: what Express makes of the request, `trust proxy` included.
   */
  publicOrigin?: string
}

/** Checked options, every default filled in. */
export interface DpopSettings {
  mode: Exclude<DpopMode, 'off'>
  algorithms: ReadonlySet<AsymmetricAlgorithm>
  /** Milliseconds. */
  maxAge: number
  nonces: Nonces | undefined
  replays: ReplayStore
  /** Without a slash at its end. */
  publicOrigin: string | undefined
  clock: Clock
}

const ALGORITHMS: readonly AsymmetricAlgorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']
const MODES: readonly DpopMode[] = ['off', 'allowed', 'required']
const NAMES = ['algorithms', 'maxAge', 'nonceSecret', 'replays']

/** @returns undefined where DPoP is off. @throws TypeError quoting the option */
export function readDpopOptions(options: DpopOptions, clock: Clock = systemClock): DpopSettings | undefined {
  const { dpop: mode = 'off', dpopProof = {} } = options
  if (!MODES.includes(mode)) throw invalidValue(`option dpop must be one of ${MODES.join(', ')}`)
  assertRecord(dpopProof, 'dpopProof')
  assertKnown(dpopProof, NAMES, 'option dpopProof.')
  const { algorithms = ALGORITHMS, maxAge, nonceSecret, replays } = dpopProof as DpopProofOptions
  const settings = {
    algorithms: readAlgorithms(algorithms, 'dpopProof.algorithms'),
    maxAge: checkNumber(maxAge, 'dpopProof.maxAge', { min: 1, max: 3_600, fallback: 300 }) * 1000,
    nonces: nonceSecret === undefined ? undefined : createNonces(readSecret(nonceSecret), clock),
    replays: readReplays(replays) ?? memoryReplays(clock),
    publicOrigin: readOrigin(options.publicOrigin),
    clock,
  }
  return mode === 'off' ? undefined : { mode, ...settings }
}

function readSecret(secret: unknown): Uint8Array {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret
  if (!(bytes instanceof Uint8Array)) throw invalidType('option dpopProof.nonceSecret must be a string or bytes')
  if (bytes.length < 32) throw invalidValue('option dpopProof.nonceSecret must have at least 32 bytes')
  return Uint8Array.from(bytes)
}

function readReplays(replays: ReplayStore | undefined): ReplayStore | undefined {
  if (replays !== undefined && typeof (replays as Partial<ReplayStore> | null)?.add !== 'function') {
    throw invalidType('option dpopProof.replays must be an object with add()')
  }
  return replays
}

/** What a path must not have: segments that are empty, or go up or nowhere, slashes inside of segments, broken escapes. */
const ODD_PATH = /\/\/|\/(?:\.|%2e){1,2}(?:\/|$)|%(?:2f|5c)|%(?![0-9a-f]{2})/i

function readOrigin(option: unknown): string | undefined {
  if (option === undefined) return undefined
  const text = checkUrl(option, 'publicOrigin')
  if (/[?#]/.test(text)) throw invalidValue('option publicOrigin must have no query and no fragment')
  // As it is written: the URL parser would resolve dot segments silently.
  if (ODD_PATH.test(originForm(text))) {
    throw invalidValue('option publicOrigin must have no empty or dot segments and no encoded slashes in its path')
  }
  const { origin, pathname } = new URL(text)
  return `${origin}${normalizePath(pathname.replace(/\/$/, ''))}`
}
