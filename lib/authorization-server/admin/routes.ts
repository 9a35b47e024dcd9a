import * as about from '../openapi/management-operations.js'
import type { OperationDescription } from '../openapi/operation.js'
import { createApi, deleteApi, listApis, readApi, updateApi } from './apis.js'
import { createClient, deleteClient, listClients, readClient, updateClient } from './clients.js'
import { deleteConsent, listConsents, readConsent } from './consents.js'
import { deleteGrant, listGrants, readGrant } from './grants.js'
import type { Operation } from './resource.js'
import { createClientSecret, deleteClientSecret } from './secrets.js'

export interface Method {
  /** The management scope that the call needs. */
  scope: string
  run: Operation
  /** What the OpenAPI document says of it. */
  about: OperationDescription
}

export interface Route {
  /** `:name` stands for an id. */
  path: `/${string}`
  methods: Readonly<Record<string, Method>>
}

/** Every route of the management API, each with what it needs, what it does, and how it is described. */
export const ROUTES: readonly Route[] = [
  {
    path: '/apis',
    methods: {
      GET: { scope: 'read:apis', run: listApis, about: about.LIST_APIS },
      POST: { scope: 'create:apis', run: createApi, about: about.CREATE_API },
    },
  },
  {
    path: '/apis/:apis_id',
    methods: {
      GET: { scope: 'read:apis', run: readApi, about: about.READ_API },
      POST: { scope: 'update:apis', run: updateApi, about: about.UPDATE_API },
      DELETE: { scope: 'delete:apis', run: deleteApi, about: about.DELETE_API },
    },
  },
  {
    path: '/clients',
    methods: {
      GET: { scope: 'read:clients', run: listClients, about: about.LIST_CLIENTS },
      POST: { scope: 'create:clients', run: createClient, about: about.CREATE_CLIENT },
    },
  },
  {
    path: '/clients/:client_id',
    methods: {
      GET: { scope: 'read:clients', run: readClient, about: about.READ_CLIENT },
      POST: { scope: 'update:clients', run: updateClient, about: about.UPDATE_CLIENT },
      DELETE: { scope: 'delete:clients', run: deleteClient, about: about.DELETE_CLIENT },
    },
  },
  {
    path: '/clients/:client_id/secrets',
    methods: { POST: { scope: 'update:clients', run: createClientSecret, about: about.CREATE_SECRET } },
  },
  {
    path: '/clients/:client_id/secrets/:id',
    methods: { DELETE: { scope: 'update:clients', run: deleteClientSecret, about: about.DELETE_SECRET } },
  },
  { path: '/consents', methods: { GET: { scope: 'read:consents', run: listConsents, about: about.LIST_CONSENTS } } },
  {
    path: '/consents/:id',
    methods: {
      GET: { scope: 'read:consents', run: readConsent, about: about.READ_CONSENT },
      DELETE: { scope: 'delete:consents', run: deleteConsent, about: about.DELETE_CONSENT },
    },
  },
  { path: '/grants', methods: { GET: { scope: 'read:grants', run: listGrants, about: about.LIST_GRANTS } } },
  {
    path: '/grants/:id',
    methods: {
      GET: { scope: 'read:grants', run: readGrant, about: about.READ_GRANT },
      DELETE: { scope: 'delete:grants', run: deleteGrant, about: about.DELETE_GRANT },
    },
  },
]
