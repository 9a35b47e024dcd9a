import { MANAGEMENT_PERMISSIONS } from './admin/catalogue.js'
import { ROUTES } from './admin/routes.js'
import type { AccountHandler } from './accounts/account-router.js'
import type { Described } from './openapi/document.js'
import { atIssuer, atMountPath, createOpenApiHandler } from './openapi/document-handler.js'
import { type DescribedPublicRoutes, placeDocument, placeManagement, placePublic } from './openapi/place.js'

const permissions = MANAGEMENT_PERMISSIONS

export function describeManagement(): Described {
  return {
    title: 'scopegate: management API',
    operations: [...placeManagement(ROUTES), placeDocument('management')],
    permissions,
  }
}

export function describePublic(routes: DescribedPublicRoutes): Described {
  return { title: 'scopegate', operations: [...placePublic(routes), placeDocument('oauth')], permissions }
}

/** Both, where both routers are mounted at the same path. */
export function describeBoth(routes: DescribedPublicRoutes): Described {
  const operations = [...placePublic(routes), ...placeManagement(ROUTES), placeDocument('management')]
  return { title: 'scopegate', operations, permissions }
}

/** The handlers of `/openapi.json`. */
export interface OpenApiHandlers {
  management: AccountHandler
  public: AccountHandler
  both: AccountHandler
}

export function createOpenApiHandlers(routes: DescribedPublicRoutes): OpenApiHandlers {
  return {
    management: createOpenApiHandler(describeManagement(), atMountPath),
    public: createOpenApiHandler(describePublic(routes), atIssuer),
    both: createOpenApiHandler(describeBoth(routes), atIssuer),
  }
}
