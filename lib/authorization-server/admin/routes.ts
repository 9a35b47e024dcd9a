import { DELETE_KEY, LIST_KEYS, ROTATE_KEYS } from '../openapi/key-operations.js'
import { LIST_LOGS, READ_LOG } from '../openapi/log-operations.js'
import * as about from '../openapi/management-operations.js'
import type { OperationDescription } from '../openapi/operation.js'
import { PREVIEW_TOKEN, READ_USAGE, withDryRun as describeDryRun } from '../openapi/preview-operations.js'
import { createApi, deleteApi, listApis, readApi, updateApi } from './apis.js'
import { createClient, deleteClient, listClients, readClient, updateClient } from './clients.js'
import { deleteConsent, listConsents, readConsent } from './consents.js'
import {
  tellApiRemoval,
  tellApiUpdate,
  tellClientRemoval,
  tellClientUpdate,
  withDryRun,
  withoutParameters,
} from './dry-run.js'
import { deleteGrant, listGrants, readGrant } from './grants.js'
import { deleteKey, listKeys, rotateKeys } from './keys.js'
import { listLogs, readLog } from './logs.js'
import { previewToken } from './preview.js'
import type { Operation } from './resource.js'
import { createClientSecret, deleteClientSecret } from './secrets.js'
import { readUsage } from './usage.js'

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
      POST: { scope: 'create:apis', run: withoutParameters(createApi), about: about.CREATE_API },
    },
  },
  {
    path: '/apis/:apis_id',
    methods: {
      GET: { scope: 'read:apis', run: readApi, about: about.READ_API },
      POST: {
        scope: 'update:apis',
        run: withDryRun(updateApi, tellApiUpdate),
        about: describeDryRun(about.UPDATE_API),
      },
      DELETE: {
        scope: 'delete:apis',
        run: withDryRun(deleteApi, tellApiRemoval),
        about: describeDryRun(about.DELETE_API),
      },
    },
  },
  {
    path: '/apis/:apis_id/preview',
    methods: { POST: { scope: 'read:apis', run: withoutParameters(previewToken), about: PREVIEW_TOKEN } },
  },
  { path: '/apis/:apis_id/usage', methods: { GET: { scope: 'read:apis', run: readUsage, about: READ_USAGE } } },
  {
    path: '/clients',
    methods: {
      GET: { scope: 'read:clients', run: listClients, about: about.LIST_CLIENTS },
      POST: { scope: 'create:clients', run: withoutParameters(createClient), about: about.CREATE_CLIENT },
    },
  },
  {
    path: '/clients/:client_id',
    methods: {
      GET: { scope: 'read:clients', run: readClient, about: about.READ_CLIENT },
      POST: {
        scope: 'update:clients',
        run: withDryRun(updateClient, tellClientUpdate),
        about: describeDryRun(about.UPDATE_CLIENT),
      },
      DELETE: {
        scope: 'delete:clients',
        run: withDryRun(deleteClient, tellClientRemoval),
        about: describeDryRun(about.DELETE_CLIENT),
      },
    },
  },
  { path: '/logs', methods: { GET: { scope: 'read:logs', run: listLogs, about: LIST_LOGS } } },
  { path: '/logs/:id', methods: { GET: { scope: 'read:logs', run: readLog, about: READ_LOG } } },
  { path: '/keys', methods: { GET: { scope: 'read:keys', run: withoutParameters(listKeys), about: LIST_KEYS } } },
  {
    path: '/keys/rotate',
    methods: { POST: { scope: 'rotate:keys', run: withoutParameters(rotateKeys), about: ROTATE_KEYS } },
  },
  { path: '/keys/:kid', methods: { DELETE: { scope: 'delete:keys', run: deleteKey, about: DELETE_KEY } } },
  {
    path: '/clients/:client_id/secrets',
    methods: {
      POST: { scope: 'update:clients', run: withoutParameters(createClientSecret), about: about.CREATE_SECRET },
    },
  },
  {
    path: '/clients/:client_id/secrets/:id',
    methods: {
      DELETE: { scope: 'update:clients', run: withoutParameters(deleteClientSecret), about: about.DELETE_SECRET },
    },
  },
  { path: '/consents', methods: { GET: { scope: 'read:consents', run: listConsents, about: about.LIST_CONSENTS } } },
  {
    path: '/consents/:id',
    methods: {
      GET: { scope: 'read:consents', run: readConsent, about: about.READ_CONSENT },
      DELETE: { scope: 'delete:consents', run: withoutParameters(deleteConsent), about: about.DELETE_CONSENT },
    },
  },
  { path: '/grants', methods: { GET: { scope: 'read:grants', run: listGrants, about: about.LIST_GRANTS } } },
  {
    path: '/grants/:id',
    methods: {
      GET: { scope: 'read:grants', run: readGrant, about: about.READ_GRANT },
      DELETE: { scope: 'delete:grants', run: withoutParameters(deleteGrant), about: about.DELETE_GRANT },
    },
  },
]
