import type { AccountHandler } from './accounts/account-router.js'
import type { AuthorizeContext } from './authorize/authorize-context.js'
import { createAuthorizeHandler } from './authorize/authorize-handler.js'
import { createDecisionHandler } from './authorize/decision-handler.js'
import { createKeySetHandler, createMetadataHandler, type MetadataSettings } from './discovery/metadata-router.js'
import type { PublicOperation } from './openapi/operation.js'
import * as about from './openapi/public-operations.js'
import { createIntrospectionHandler } from './tokens/introspection.js'
import { createRevocationHandler } from './tokens/revocation.js'
import { createTokenHandler, type TokenContext } from './tokens/token-router.js'
import { createUserInfoHandler } from './tokens/userinfo.js'

export interface PublicRoute {
  path: `/${string}`
  handle: AccountHandler
  /** What the OpenAPI document says of each method. The handler itself refuses the others. */
  methods: Readonly<Record<string, PublicOperation>>
}

/** Where a request goes on that waits for the user. */
export const DECISION_PATH = '/authorize/:id'

/** Every public route, each with what serves it and how it is described. */
export function createPublicRoutes(
  context: TokenContext,
  authorizeContext: AuthorizeContext,
  settings: MetadataSettings,
): readonly PublicRoute[] {
  const metadata = createMetadataHandler(settings)
  const userInfo: PublicRoute = {
    path: '/userinfo',
    handle: createUserInfoHandler(context),
    methods: { GET: about.READ_USER_INFO, POST: about.POST_USER_INFO },
  }
  return [
    { path: '/oauth/token', handle: createTokenHandler(context), methods: { POST: about.ISSUE_TOKEN } },
    { path: '/oauth/revoke', handle: createRevocationHandler(context), methods: { POST: about.REVOKE_TOKEN } },
    {
      path: '/oauth/introspect',
      handle: createIntrospectionHandler(context),
      methods: { POST: about.INTROSPECT_TOKEN },
    },
    ...(context.users === undefined ? [] : [userInfo]),
    {
      path: '/authorize',
      handle: createAuthorizeHandler(authorizeContext),
      methods: { GET: about.AUTHORIZE, POST: about.POST_AUTHORIZE },
    },
    {
      path: '/.well-known/jwks.json',
      handle: createKeySetHandler(context.signingKeys),
      methods: { GET: about.READ_KEY_SET },
    },
    {
      path: '/.well-known/oauth-authorization-server',
      handle: metadata,
      methods: { GET: about.READ_SERVER_METADATA },
    },
    { path: '/.well-known/openid-configuration', handle: metadata, methods: { GET: about.READ_PROVIDER_METADATA } },
    {
      path: DECISION_PATH,
      handle: createDecisionHandler(authorizeContext),
      methods: { GET: about.CONTINUE_AUTHORIZATION, POST: about.DECIDE_AUTHORIZATION },
    },
  ]
}
