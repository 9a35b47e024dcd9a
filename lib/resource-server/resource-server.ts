import { emit } from '../emit.js'
import { CALL_IN_HANDLER, refuseAsMiddleware } from '../http/factory.js'
import type { Handler } from '../http/handler.js'
import { createAuthenticate } from './guard/authenticate.js'
import { createGuard, type Guard } from './guard/guard.js'
import { type GuardOptions, type ResourceServerOptions, readGuardOptions } from './guard/guard-options.js'
import { createIntrospect, type Introspect } from './guard/introspection.js'
import { createMetadataRouter, type ProtectedResource } from './guard/metadata-router.js'
import type { IssuerSettings, KeySetSeed, VerifierOptions } from './options/options.js'
import { createRequireClaims, type RequireClaims } from './guard/require-claims.js'
import { createRequirePermission, createRequireScope, type RequireScope } from './guard/require-scope.js'
import type { AccessTokenClaims } from './contract/types.js'
import { createVerifier } from './token/verify-access-token.js'
import { readIntrospection } from './options/introspection-options.js'
import { issuerOfTenant } from './options/issuer-template.js'
import { isTrustedTransport, parseUrl } from './options/option-checks.js'
import { readVerifierOptions } from './options/read-options.js'
import { readIssuers } from './options/read-issuers.js'

/**
 * The guards of one API.
 *
 * @typeParam Claims - further claims your issuer puts in its tokens. They are a promise of yours: nothing checks them here.
 */
export interface ResourceServer<Claims extends object = AccessTokenClaims> {
  requireScope: RequireScope<Claims>
  /** As `requireScope`, on the `permissions` claim alone. */
  requirePermission: RequireScope<Claims>
  requireClaims: RequireClaims<Claims>
  /** A guard for which any good token is enough. */
  requireAuth<C extends object = Claims>(): Guard<C>
  /** Serves the document of the option `resourceMetadata` at its well-known path (RFC 9728 §3.1); without one, nothing. */
  metadataRouter: Handler
  /** Resolves when every issuer's keys are at hand, for a readiness probe. @throws TemporarilyUnavailableError */
  ready(): Promise<void>
  /** The key sets with their fetch times, for the option `keySet.seed` of a process to come. */
  exportKeys(): KeySetSeed
}

/**
 * Protects the routes of one API: verifies each request's access token in this process (RFC 9068 §4) and demands scopes.
 * Guards that are built with the same issuer and times share one key set, however often they are built.
 *
 * It does not ask the issuer about a token; a token that was revoked is good until it expires, unless `isRevoked` or `introspection` says so.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, quoting the option
 * @example
 * const { requireScope } = resourceServer({ issuer: 'https://id.example.com', audience: 'https://api.example.com' })
 * app.get('/users', requireScope('read:users'), listUsers)
 */
export function resourceServer<Claims extends object = AccessTokenClaims>(
  ...call: readonly [options: ResourceServerOptions]
): ResourceServer<Claims> {
  refuseAsMiddleware(call, 'resourceServer')
  const [options] = call
  const { guard, verifier: verifierOptions } = readGuardOptions(options)
  const verifier = createVerifier(withoutRefusals(verifierOptions))
  const authenticate = createAuthenticate(verifier, guard, introspectOf(options.introspection, verifierOptions, guard))
  const context = { authenticate, verifier: verifier.verify, options: guard }
  const guards: ResourceServer = {
    requireScope: createRequireScope(context),
    requirePermission: createRequirePermission(context),
    requireClaims: createRequireClaims(context),
    requireAuth: <C extends object>(...call: readonly unknown[]) => {
      refuseAsMiddleware(call, 'requireAuth', 'call it where the route is built: requireAuth()')
      return createGuard('requireAuth', context, undefined) as Guard<C>
    },
    metadataRouter: metadataRouterOf(guard, verifierOptions),
    ready: (...call: readonly unknown[]) => {
      refuseAsMiddleware(call, 'ready', CALL_IN_HANDLER)
      return verifier.ready()
    },
    exportKeys: (...call: readonly unknown[]) => {
      refuseAsMiddleware(call, 'exportKeys', CALL_IN_HANDLER)
      return verifier.exportKeys()
    },
  }
  return guards as ResourceServer<Claims>
}

/** @throws TypeError quoting the option */
function introspectOf(
  option: ResourceServerOptions['introspection'],
  verifier: VerifierOptions,
  { onEvent }: GuardOptions,
): Introspect | undefined {
  if (option === undefined) return undefined
  const { issuers, clock, fetch, keySet } = readVerifierOptions(verifier)
  return createIntrospect(readIntrospection(option, issuers), {
    ...{ clock, fetch, timeout: keySet.timeoutDuration },
    emit: event => emit(onEvent, event),
  })
}

/** A refusal is reported once: by the guard, which knows the route. */
function withoutRefusals(options: VerifierOptions): VerifierOptions {
  const { onEvent } = options
  if (typeof onEvent !== 'function') return options
  return { ...options, onEvent: event => (event.type === 'token.refused' ? undefined : onEvent(event)) }
}

function metadataRouterOf({ metadata, metadataUrl, dpop }: GuardOptions, { issuer, keySet }: VerifierOptions): Handler {
  if (metadata === undefined || metadataUrl === undefined) {
    return function metadataRouter(_req, _res, next) {
      next()
    }
  }
  const issuers = readIssuers(issuer, keySet?.uri).flatMap(publishedIssuers)
  const document: ProtectedResource = {
    ...(issuers.length > 0 && { authorization_servers: issuers }),
    ...(dpop !== undefined && {
      dpop_signing_alg_values_supported: [...dpop.algorithms],
      dpop_bound_access_tokens_required: dpop.mode === 'required',
    }),
    ...metadata,
  }
  return createMetadataRouter(metadataUrl, document)
}

/** What clients may be told (RFC 9728 §2): issuers whose metadata they can read. Of many tenants those that are listed. */
function publishedIssuers({ issuer, tenants, allowInsecureRequests = false }: IssuerSettings): string[] {
  if (typeof tenants === 'function') return []
  if (tenants !== undefined) return [...tenants].map(tenant => issuerOfTenant(issuer, tenant))
  const url = parseUrl(issuer)
  const isReadable =
    url !== undefined && (isTrustedTransport(url) || (allowInsecureRequests && url.protocol === 'http:'))
  return isReadable ? [issuer] : []
}
