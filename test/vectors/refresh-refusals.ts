import type { ApiRecord, ClientRecord } from '../../lib/store/records.js'
import { AUDIENCE, type Parameters } from '../authorization-server/fixtures.js'

/** Another character, so that the token is still one by its form. */
export function alterToken(token: string, index: number): string {
  return token.slice(0, index) + (token[index] === 'A' ? 'B' : 'A') + token.slice(index + 1)
}

/** What a refresh is refused for. */
export interface RefreshRefusal {
  description: string
  changes?: Parameters | ((token: string) => Parameters)
  scope?: string[]
  api?: Partial<ApiRecord>
  client?: Partial<ClientRecord>
  permissions?: string[]
  fault?: boolean
  status?: number
  error?: string
  detail?: string
}

/** None of them changes anything: the token is good afterwards. */
export const REFRESH_REFUSALS: readonly RefreshRefusal[] = [
  { description: 'none', changes: { refresh_token: '' }, error: 'invalid_request', detail: 'no_refresh_token' },
  ...[
    { description: 'what is none', changes: { refresh_token: 'x' } },
    { description: 'one of an unknown family', changes: { refresh_token: '0'.repeat(26) + 'A'.repeat(64) } },
    { description: 'one with another handle', changes: (token: string) => ({ refresh_token: alterToken(token, 3) }) },
    { description: 'one with another value', changes: (token: string) => ({ refresh_token: alterToken(token, 40) }) },
    { description: 'one with another proof', changes: (token: string) => ({ refresh_token: alterToken(token, 70) }) },
    {
      description: 'one of the family that is made up',
      changes: (token: string) => ({ refresh_token: `${token.slice(0, 26)}${'A'.repeat(64)}` }),
    },
    {
      description: 'one in another case',
      changes: (token: string) => ({ refresh_token: token.slice(0, 26).toUpperCase() + token.slice(26) }),
    },
    { description: 'a longer one', changes: (token: string) => ({ refresh_token: `${token}A` }) },
    { description: 'one with a line break', changes: (token: string) => ({ refresh_token: `${token}\n` }) },
  ].map(row => ({ ...row, detail: 'unknown_refresh_token' })),
  { description: 'another client', changes: { client_id: 'cli_other' }, detail: 'other_clients_refresh_token' },
  {
    description: 'a client that nobody knows',
    changes: { client_id: 'cli_nobody' },
    status: 401,
    error: 'invalid_client',
    detail: 'unknown_client',
  },
  {
    description: 'a scope against the grammar',
    changes: { scope: 'a "b"' },
    error: 'invalid_scope',
    detail: 'scope_grammar',
  },
  ...['delete:users', 'read:users delete:users', 'profile', 'read:users email', 'offline_access phone'].map(scope => ({
    description: `a wider scope: ${scope}`,
    changes: { scope },
    error: 'invalid_scope',
    detail: 'scope_not_granted',
  })),
  {
    description: 'openid that was not granted',
    scope: ['read:users', 'offline_access'],
    changes: { scope: 'openid' },
    error: 'invalid_scope',
    detail: 'scope_not_granted',
  },
  {
    description: 'a scope alone that has left the catalogue',
    api: { permissions: [{ value: 'read:users' }] },
    changes: { scope: 'write:users' },
    error: 'invalid_scope',
    detail: 'no_scope_left',
  },
  ...['audience', 'resource'].map(name => ({
    description: `another ${name}`,
    changes: { [name]: 'https://other.example' },
    error: 'invalid_target',
    detail: 'audience_not_granted',
  })),
  {
    description: 'an audience and another resource',
    changes: { audience: AUDIENCE, resource: 'https://other.example' },
    error: 'invalid_target',
    detail: 'audience_and_resource',
  },
  {
    description: 'a client without the grant type',
    client: { grant_types: ['authorization_code'] },
    error: 'unauthorized_client',
    detail: 'grant_type_not_registered',
  },
  {
    description: 'an API that allows none any more',
    api: { allow_offline_access: false },
    detail: 'offline_access_not_allowed',
  },
  {
    description: 'an API that allows none any more, asked for a part',
    api: { allow_offline_access: false },
    changes: { scope: 'offline_access' },
    detail: 'offline_access_not_allowed',
  },
  { description: 'an API that is another one now', api: { id: 'api_other' }, detail: 'api_removed' },
  {
    description: 'a ceiling that does not name the API',
    client: { api_grants: [{ audience: `${AUDIENCE}/`, scope: ['read:users'] }] },
    detail: 'api_grant_removed',
  },
  {
    description: 'an empty ceiling',
    client: { api_grants: [{ audience: AUDIENCE, scope: [] }] },
    detail: 'api_grant_removed',
  },
  {
    description: 'a ceiling that leaves nothing',
    client: { api_grants: [{ audience: AUDIENCE, scope: ['openid'] }] },
    detail: 'no_permission_left',
  },
  { description: 'a catalogue that leaves nothing', api: { permissions: [] }, detail: 'no_permission_left' },
  { description: 'a user who may have nothing', permissions: [], detail: 'no_permission_left' },
  {
    description: 'a function of the host that throws',
    fault: true,
    status: 503,
    error: 'temporarily_unavailable',
    detail: 'users_failed',
  },
]
