export { findAuth, getAuth } from './auth.js'
export type { DpopMode, DpopProofOptions } from './dpop/options.js'
export type { ReplayStore } from './dpop/replay-store.js'
export type { VerifierEvent } from './events.js'
export type { Authenticated, Guard } from './guard.js'
export type { GuardEvent, ResourceServerEvent } from './guard-events.js'
export type { ResourceServerOptions, RevocationContext } from './guard-options.js'
export type { ProtectedResource } from './metadata-router.js'
export type {
  ClaimDemand,
  IssuerOption,
  KeySetOptions,
  KeySetSeed,
  ResultCacheOptions,
  VerifierOptions,
} from './options.js'
export type { RequireScope, ScopeDemand } from './require-scope.js'
export { type ResourceServer, resourceServer } from './resource-server.js'
export type { AccessTokenClaims, AccessTokenHeader, AccessTokenVerifier, AuthInfo } from './types.js'
export { createVerifier, type Verifier } from './verify-access-token.js'
