import { invalidType, invalidValue } from '../../errors.js'
import { type DpopOptions, type DpopSettings, readDpopOptions } from '../dpop/options.js'
import type {
  GuardEvent,
  IntrospectionFailedEvent,
  ResourceServerEvent,
  ScopeClaimFailedEvent,
} from './guard-events.js'
import type { IntrospectionOptions } from '../options/introspection-options.js'
import { type ProtectedResource, readProtectedResource } from './metadata-router.js'
import type { VerifierOptions } from '../options/options.js'
import { createGranted, type Granted, type ScopeClaim } from './scope-claim.js'
import type { AccessTokenClaims } from '../contract/types.js'

/** What an `isRevoked` hook gets beside the claims. */
export interface RevocationContext {
  readonly token: string
  readonly clientId: string
}

/** Options of {@link resourceServer}: those of the verifier, and what concerns requests and answers. */
export interface ResourceServerOptions extends Omit<VerifierOptions, 'onEvent'>, DpopOptions {
  /** `requireAuth()` lets a request without any credential pass, with no `req.auth`. `requireScope` never does. Default false. */
  optional?: boolean
  /**
   * Asked about every request whose token is good; `true` refuses it with 401. May be async. A hook that throws,
   * rejects or gives no boolean refuses with 503: nothing passes unchecked.
   */
  isRevoked?: (claims: Readonly<AccessTokenClaims>, context: RevocationContext) => boolean | Promise<boolean>
  /**
   * Also ask the issuer about each token that is good by itself (RFC 7662): for an API that must see revocation at once.
   * An inactive one is refused with 401; an issuer that gives no answer is a 503. For one issuer alone.
   */
  introspection?: IntrospectionOptions
  /**
   * Where `requireScope` looks instead of `permissions`, `scope` and `scp`. Each claim is a text with blanks, or a list of
   * texts; one that is absent grants nothing. A function that throws grants nothing, and is told to `onEvent`.
   */
  scopeClaim?: ScopeClaim
  /** `realm` of the challenges (RFC 9110 §11.5): 1 to 200 printable ASCII characters. Default `api`. */
  realm?: string
  /** The URL of this API's RFC 9728 document, or the document itself, which {@link metadataRouter} then serves. */
  resourceMetadata?: string | ProtectedResource
  /** Also read `access_token` of a form body, which a parser must have put in `req.body` (RFC 6750 §2.2). Default false. */
  formBody?: boolean
  /** `respond`: the guard answers itself. `next`: it sets the headers and hands the error to the app's error handler. Default `respond`. */
  errors?: 'respond' | 'next'
  /** Told of every refusal, and of what the verifier does. Never given a token. What it throws is dropped. */
  onEvent?: (event: ResourceServerEvent) => void
}

/** The options of the guards, checked, with their defaults. */
export interface GuardOptions {
  optional: boolean
  isRevoked: NonNullable<ResourceServerOptions['isRevoked']> | undefined
  /** What `requireScope` compares with. */
  granted: Granted
  realm: string
  /** The URL for challenges. */
  metadataUrl: string | undefined
  /** The document to serve. */
  metadata: ProtectedResource | undefined
  formBody: boolean
  errors: 'respond' | 'next'
  /** undefined: DPoP is off. */
  dpop: DpopSettings | undefined
  onEvent: ((event: GuardEvent | ScopeClaimFailedEvent | IntrospectionFailedEvent) => void) | undefined
}

/**
 * Splits the options into those of the guards, checked here, and those of the verifier, which refuses the names
 * neither knows.
 *
 * @throws TypeError quoting the option
 */
export function readGuardOptions(options: ResourceServerOptions): { guard: GuardOptions; verifier: VerifierOptions } {
  if (typeof options !== 'object' || options === null) throw invalidType('resourceServer(options): must be an object')
  const { optional, isRevoked, introspection: _asked, scopeClaim, realm, ...further } = options
  const { resourceMetadata, formBody, errors, ...others } = further
  const { dpop: _dpop, dpopProof: _proof, publicOrigin: _origin, ...rest } = others
  const { onEvent, clock } = options
  const metadata = readMetadata(resourceMetadata)
  const guard: GuardOptions = {
    optional: readBoolean('optional', optional),
    isRevoked: readFunction('isRevoked', isRevoked),
    granted: createGranted(scopeClaim, onEvent),
    realm: readRealm(realm),
    metadataUrl: metadata.url,
    metadata: metadata.document,
    formBody: readBoolean('formBody', formBody),
    errors: readChoice('errors', errors, ['respond', 'next']),
    dpop: readDpopOptions(options, clock),
    onEvent: readFunction('onEvent', onEvent),
  }
  return { guard, verifier: rest as VerifierOptions }
}

function readBoolean(name: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw invalidType(`option ${name}: must be true or false`)
  return value ?? false
}

function readFunction<F>(name: string, value: F | undefined): F | undefined {
  if (value !== undefined && typeof value !== 'function') throw invalidType(`option ${name}: must be a function`)
  return value
}

function readChoice<Choice extends string>(
  name: string,
  value: Choice | undefined,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (value === undefined) return choices[0]
  if (!choices.includes(value)) throw invalidValue(`option ${name}: must be one of ${choices.join(', ')}`)
  return value
}

function readRealm(value: string | undefined): string {
  if (value === undefined) return 'api'
  if (typeof value !== 'string') throw invalidType('option realm: must be a string')
  if (!/^[\x20-\x7e]{1,200}$/.test(value)) {
    throw invalidValue('option realm: must be 1 to 200 printable ASCII characters')
  }
  return value
}

function readMetadata(value: ResourceServerOptions['resourceMetadata']): {
  url?: string
  document?: ProtectedResource
} {
  if (value === undefined) return {}
  if (typeof value !== 'string') return readProtectedResource(value)
  if (!URL.canParse(value) || !/^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]+$/i.test(value)) {
    throw invalidValue('option resourceMetadata: must be an absolute URL or a document')
  }
  return { url: value }
}
