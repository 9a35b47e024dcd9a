export { findAuth, getAuth } from './auth.js'
export type { DpopMode, DpopProofOptions } from './dpop/options.js'
export type { ReplayStore } from './dpop/replay-store.js'
export type { VerifierEvent } from './events.js'
export type { Authenticated, Guard, RouteParams } from './guard.js'
export type { GuardEvent, ResourceServerEvent, ScopeClaimFailedEvent } from './guard-events.js'
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
export type { ClaimsCheck, RequireClaims } from './require-claims.js'
export type { RequireScope, ScopeFunction, ScopeGuardFactory } from './require-scope.js'
export { type ResourceServer, resourceServer } from './resource-server.js'
export type { AccessTokenClaims, AccessTokenHeader, AccessTokenVerifier, AuthInfo } from './types.js'
export type { ScopeClaim, ScopeClaimFunction } from './scope-claim.js'
export { createVerifier, type Verifier } from './verify-access-token.js'
