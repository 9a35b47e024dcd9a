/** A kind of record of the management API. */
export interface Resource {
  /** As in `scopegate apis`. */
  name: string
  /** One of them, as it is called in a sentence. */
  one: string
  many: string
  path: string
  /** The member that has the id. */
  id: string
  /** What a table shows. */
  columns: readonly string[]
  /** Are lists of them in pages, with a filter? */
  isPaged: boolean
}

export const APIS: Resource = {
  name: 'apis',
  one: 'API',
  many: 'APIs',
  path: '/apis',
  id: 'id',
  columns: ['id', 'name', 'identifier', 'permissions', 'token_lifetime', 'createdAt'],
  isPaged: true,
}

export const CLIENTS: Resource = {
  name: 'clients',
  one: 'client',
  many: 'clients',
  path: '/clients',
  id: 'client_id',
  columns: ['client_id', 'name', 'application_type', 'grant_types', 'createdAt'],
  isPaged: true,
}

export const GRANTS: Resource = {
  name: 'grants',
  one: 'grant',
  many: 'grants',
  path: '/grants',
  id: 'id',
  columns: ['id', 'user', 'client_id', 'audience', 'scope', 'createdAt', 'expiresAt'],
  isPaged: true,
}

export const CONSENTS: Resource = {
  name: 'consents',
  one: 'consent',
  many: 'consents',
  path: '/consents',
  id: 'id',
  columns: ['id', 'user', 'client_id', 'audience', 'scope', 'createdAt'],
  isPaged: true,
}

export const LOGS: Resource = {
  name: 'logs',
  one: 'log entry',
  many: 'entries of the log',
  path: '/logs',
  id: 'id',
  columns: ['createdAt', 'type', 'client_id', 'user', 'audience', 'scope', 'code', 'detail', 'actor', 'target', 'id'],
  isPaged: true,
}

export const KEYS: Resource = {
  name: 'keys',
  one: 'key',
  many: 'signing keys',
  path: '/keys',
  id: 'kid',
  columns: ['kid', 'state', 'created_at', 'published_at', 'activated_at', 'retired_at'],
  isPaged: false,
}
