import { API_CREATION, API_UPDATE } from '../schemas/api.js'
import { CLIENT_CREATION, CLIENT_UPDATE, SECRET_CREATION } from '../schemas/client.js'
import { closed, FLAG, ID, type JsonSchema, listOf, named, pageOf, TEXT, TIME, TIME_OR_NULL } from './schema.js'

/** What a management call may send: the schemas that check it. */
export const API_CREATION_BODY = named('ApiCreation', API_CREATION)
export const API_UPDATE_BODY = named('ApiUpdate', API_UPDATE)
export const CLIENT_CREATION_BODY = named('ClientCreation', CLIENT_CREATION)
export const CLIENT_UPDATE_BODY = named('ClientUpdate', CLIENT_UPDATE)
export const SECRET_CREATION_BODY = named('SecretCreation', SECRET_CREATION)

export const API = named(
  'Api',
  closed({ id: ID, ...API_CREATION.properties, is_system: FLAG, createdAt: TIME, updatedAt: TIME }, ['description']),
)
export const API_PAGE = named('ApiPage', pageOf(API))

const { token_lifetime: LIFETIME = {} } = CLIENT_CREATION.properties?.['refresh_token']?.properties ?? {}

const client: Readonly<Record<string, JsonSchema>> = {
  client_id: ID,
  id: ID,
  ...CLIENT_CREATION.properties,
  refresh_token: closed({ token_lifetime: LIFETIME }),
  createdAt: TIME,
  updatedAt: TIME,
}
const OPTIONAL = ['description', 'api_grants', 'default_audience']

export const CLIENT = named('Client', closed(client, OPTIONAL))
export const CLIENT_PAGE = named('ClientPage', pageOf(CLIENT))

export const SECRET = named(
  'Secret',
  closed({ id: ID, created_at: TIME, expires_at: TIME_OR_NULL, last_used_at: TIME_OR_NULL }),
)
const VALUE: JsonSchema = { type: 'string', minLength: 32, description: 'It is not shown again.' }
export const CREATED_SECRET = named(
  'CreatedSecret',
  closed({ id: ID, client_secret: VALUE, created_at: TIME, expires_at: TIME_OR_NULL }),
)

export const CLIENT_WITH_SECRETS = named('ClientWithSecrets', closed({ ...client, secrets: listOf(SECRET) }, OPTIONAL))
export const CREATED_CLIENT = named(
  'CreatedClient',
  closed({ ...client, client_secret: { ...VALUE, description: 'Absent for a public client.' } }, [
    ...OPTIONAL,
    'client_secret',
  ]),
)

export const CONSENT = named(
  'Consent',
  closed({
    ...{ id: ID, user: TEXT, client_id: ID, audience: TEXT, scope: listOf(TEXT) },
    ...{ createdAt: TIME, updatedAt: TIME },
  }),
)
export const CONSENT_PAGE = named('ConsentPage', pageOf(CONSENT))

export const GRANT = named(
  'Grant',
  closed({
    ...{ id: ID, user: TEXT, client_id: ID, audience: TEXT, scope: listOf(TEXT) },
    ...{ createdAt: TIME, expiresAt: TIME },
  }),
)
export const GRANT_PAGE = named('GrantPage', pageOf(GRANT))
