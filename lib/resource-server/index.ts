export { findAuth, getAuth } from './guard/auth.js'
export type { DpopMode, DpopProofOptions } from './dpop/options.js'
export type { ReplayStore } from './dpop/replay-store.js'
export type { VerifierEvent } from './contract/events.js'
export type { Authenticated, Guard, RouteParams } from './guard/guard.js'
export type {
  GuardEvent,
  IntrospectionFailedEvent,
  ResourceServerEvent,
  ScopeClaimFailedEvent,
} from './guard/guard-events.js'
export type { ResourceServerOptions, RevocationContext } from './guard/guard-options.js'
export type { IntrospectionOptions } from './options/introspection-options.js'
export type { ProtectedResource } from './guard/metadata-router.js'
export type {
  ClaimDemand,
  IssuerOption,
  KeySetOptions,
  KeySetSeed,
  ResultCacheOptions,
  VerifierOptions,
} from './options/options.js'
export type { ClaimsCheck, RequireClaims } from './guard/require-claims.js'
export type { RequireScope, ScopeFunction, ScopeGuardFactory } from './guard/require-scope.js'
export { type ResourceServer, resourceServer } from './resource-server.js'
export type { AccessTokenClaims, AccessTokenHeader, AccessTokenVerifier, AuthInfo } from './contract/types.js'
export type { ScopeClaim, ScopeClaimFunction } from './guard/scope-claim.js'
export { createVerifier, type Verifier } from './token/verify-access-token.js'
