import type { Answer, OperationDescription, QueryParameter } from './operation.js'
import {
  API,
  API_CREATION_BODY,
  API_PAGE,
  API_UPDATE_BODY,
  CLIENT_CREATION_BODY,
  CLIENT_PAGE,
  CLIENT_UPDATE_BODY,
  CLIENT_WITH_SECRETS,
  CONSENT,
  CONSENT_PAGE,
  CREATED_CLIENT,
  CREATED_SECRET,
  GRANT,
  GRANT_PAGE,
  SECRET_CREATION_BODY,
} from './management-schemas.js'
import type { JsonSchema } from './schema.js'

/** The parameters of every list. */
export const LIST: Readonly<Record<string, QueryParameter>> = {
  pageSize: {
    description: 'Rows of one page, at most.',
    schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  },
  next: { description: 'The `next` of the page before.', schema: { type: 'string' } },
  cursor: { description: 'The same as `next`: give one of the two.', schema: { type: 'string' } },
  query: { description: 'A filter in FaableQL.', schema: { type: 'string' } },
}

export const found = (description: string, schema: JsonSchema): Readonly<Record<number, Answer>> => ({
  200: { description, schema, headers: ['ETag'] },
})

export const page = (schema: JsonSchema): Readonly<Record<number, Answer>> => ({
  200: { description: 'One page, the newest first.', schema },
})

const created = (description: string, schema: JsonSchema): Readonly<Record<number, Answer>> => ({
  201: { description, schema, headers: ['ETag', 'Location'] },
})

export const REMOVED: Readonly<Record<number, Answer>> = { 204: { description: 'It is gone.' } }

export const LIST_APIS: OperationDescription = {
  operationId: 'listApis',
  summary: 'List the APIs of the account',
  query: LIST,
  answers: page(API_PAGE),
}
export const CREATE_API: OperationDescription = {
  operationId: 'createApi',
  summary: 'Register an API',
  body: { schema: API_CREATION_BODY },
  answers: created('The API.', API),
  refuses: [409],
}
export const READ_API: OperationDescription = {
  operationId: 'readApi',
  summary: 'Read an API',
  answers: found('The API.', API),
}
export const UPDATE_API: OperationDescription = {
  operationId: 'updateApi',
  summary: 'Change the named fields of an API',
  body: { schema: API_UPDATE_BODY },
  ifMatch: true,
  answers: found('The whole API after the change.', API),
  refuses: [409],
}
export const DELETE_API: OperationDescription = {
  operationId: 'deleteApi',
  summary: 'Delete an API, and end what users have authorized for it',
  ifMatch: true,
  answers: REMOVED,
}

export const LIST_CLIENTS: OperationDescription = {
  operationId: 'listClients',
  summary: 'List the clients of the account',
  query: LIST,
  answers: page(CLIENT_PAGE),
}
export const CREATE_CLIENT: OperationDescription = {
  operationId: 'createClient',
  summary: 'Register a client',
  body: { schema: CLIENT_CREATION_BODY },
  answers: created('The client, with its secret where it has one.', CREATED_CLIENT),
}
export const READ_CLIENT: OperationDescription = {
  operationId: 'readClient',
  summary: 'Read a client, with its secrets but not their values',
  answers: found('The client.', CLIENT_WITH_SECRETS),
}
export const UPDATE_CLIENT: OperationDescription = {
  operationId: 'updateClient',
  summary: 'Change the named fields of a client',
  body: { schema: CLIENT_UPDATE_BODY },
  ifMatch: true,
  answers: found('The whole client after the change.', CLIENT_WITH_SECRETS),
  refuses: [409],
}
export const DELETE_CLIENT: OperationDescription = {
  operationId: 'deleteClient',
  summary: 'Delete a client, and end what users have authorized it for',
  ifMatch: true,
  answers: REMOVED,
  refuses: [409],
}
export const CREATE_SECRET: OperationDescription = {
  operationId: 'createClientSecret',
  summary: 'Add a secret to a client',
  body: { schema: SECRET_CREATION_BODY, isOptional: true },
  ifMatch: true,
  answers: {
    201: {
      description: 'The secret, with its value; the ETag is that of the client.',
      schema: CREATED_SECRET,
      headers: ['ETag'],
    },
  },
}
export const DELETE_SECRET: OperationDescription = {
  operationId: 'deleteClientSecret',
  summary: 'Delete a secret of a client',
  ifMatch: true,
  answers: REMOVED,
  refuses: [409],
}

export const LIST_CONSENTS: OperationDescription = {
  operationId: 'listConsents',
  summary: 'List what users have consented to',
  query: LIST,
  answers: page(CONSENT_PAGE),
}
export const READ_CONSENT: OperationDescription = {
  operationId: 'readConsent',
  summary: 'Read a consent',
  answers: found('The consent.', CONSENT),
}
export const DELETE_CONSENT: OperationDescription = {
  operationId: 'deleteConsent',
  summary: 'Delete a consent, and end the grants that rest on it',
  ifMatch: true,
  answers: REMOVED,
}
export const LIST_GRANTS: OperationDescription = {
  operationId: 'listGrants',
  summary: 'List the grants of users',
  query: LIST,
  answers: page(GRANT_PAGE),
}
export const READ_GRANT: OperationDescription = {
  operationId: 'readGrant',
  summary: 'Read a grant',
  answers: found('The grant.', GRANT),
}
export const DELETE_GRANT: OperationDescription = {
  operationId: 'deleteGrant',
  summary: 'End a grant, with its refresh tokens',
  ifMatch: true,
  answers: REMOVED,
}
