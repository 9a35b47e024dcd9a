/** A kind of record of the management API. */
export interface Resource {
  /** As in `scopegate apis`. */
  name: string
  /** One of them, as it is called in a sentence. */
  one: string
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
  path: '/apis',
  id: 'id',
  columns: ['id', 'name', 'identifier', 'permissions', 'token_lifetime', 'createdAt'],
  isPaged: true,
}

export const CLIENTS: Resource = {
  name: 'clients',
  one: 'client',
  path: '/clients',
  id: 'client_id',
  columns: ['client_id', 'name', 'application_type', 'grant_types', 'createdAt'],
  isPaged: true,
}

export const GRANTS: Resource = {
  name: 'grants',
  one: 'grant',
  path: '/grants',
  id: 'id',
  columns: ['id', 'user', 'client_id', 'audience', 'scope', 'createdAt', 'expiresAt'],
  isPaged: true,
}

export const CONSENTS: Resource = {
  name: 'consents',
  one: 'consent',
  path: '/consents',
  id: 'id',
  columns: ['id', 'user', 'client_id', 'audience', 'scope', 'createdAt'],
  isPaged: true,
}

export const LOGS: Resource = {
  name: 'logs',
  one: 'log entry',
  path: '/logs',
  id: 'id',
  columns: ['createdAt', 'type', 'client_id', 'user', 'audience', 'scope', 'code', 'detail', 'actor', 'target', 'id'],
  isPaged: true,
}

export const KEYS: Resource = {
  name: 'keys',
  one: 'key',
  path: '/keys',
  id: 'kid',
  columns: ['kid', 'state', 'created_at', 'published_at', 'activated_at', 'retired_at'],
  isPaged: false,
}
