import { MANAGEMENT_SCHEME } from './document.js'
import type { OperationDescription, PlacedOperation, PublicOperation } from './operation.js'
import { READ_DOCUMENT } from './public-operations.js'

/** Where the document itself is, at the mount path of its router. */
export const DOCUMENT_PATH = '/openapi.json'

/** A table of the management API's routes, as far as the document needs it. */
export type DescribedRoutes = readonly {
  path: string
  methods: Readonly<Record<string, { scope: string; about: OperationDescription }>>
}[]

/** The same of the public routes. */
export type DescribedPublicRoutes = readonly { path: string; methods: Readonly<Record<string, PublicOperation>> }[]

export function placeManagement(routes: DescribedRoutes): PlacedOperation[] {
  return routes.flatMap(({ path, methods }) =>
    Object.entries(methods).map(([method, { scope, about }]): PlacedOperation => {
      const own = { ...about, path, method, tag: tagOf(path) }
      return { ...own, refusals: 'management', security: [{ [MANAGEMENT_SCHEME]: [scope] }] }
    }),
  )
}

export function placePublic(routes: DescribedPublicRoutes): PlacedOperation[] {
  return routes.flatMap(({ path, methods }) =>
    Object.entries(methods).map(
      ([method, about]): PlacedOperation => ({
        ...about,
        path,
        method,
        tag: path.startsWith('/.') ? 'discovery' : 'oauth',
      }),
    ),
  )
}

/** The route of the document itself. */
export function placeDocument(refusals: PublicOperation['refusals'] | 'management'): PlacedOperation {
  return { ...READ_DOCUMENT, path: DOCUMENT_PATH, method: 'GET', tag: 'discovery', refusals }
}

/** The first segment: `apis`. */
const tagOf = (path: string): string => path.split('/')[1] ?? ''
