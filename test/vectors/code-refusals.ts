import type { ApiRecord, ClientRecord } from '../../lib/store/records.js'
import { AUDIENCE, type Parameters } from '../authorization-server/fixtures.js'
import { type Authorization, CHALLENGE, challengeOf, REDIRECT, VERIFIER } from '../authorization-server/user-fixtures.js'

/** What an exchange of a code is refused for. */
export interface CodeRefusal {
  description: string
  about?: Authorization
  changes?: Parameters
  /** What is so while the refused request is made. */
  api?: Partial<ApiRecord>
  client?: Partial<ClientRecord>
  permissions?: string[]
  fault?: boolean
  /** Milliseconds that pass before it. */
  later?: number
  status?: number
  error?: string
  detail?: string
  /** What has become of the code. */
  code: 'alone' | 'burnt' | 'over'
  /** What is refused for what the grant itself says is refused again. */
  again?: true
}

export const verifier = (text: string): Parameters => ({ code_verifier: text })
export const noChallenge: Authorization = { without: ['code_challenge'] }

export const CODE_REFUSALS: readonly CodeRefusal[] = [
  {
    description: 'no code',
    changes: { code: '' },
    error: 'invalid_request',
    detail: 'no_code',
    code: 'alone',
  },
  { description: 'an unknown code', changes: { code: 'A'.repeat(43) }, detail: 'unknown_code', code: 'alone' },
  { description: 'what is no code', changes: { code: '__proto__' }, detail: 'unknown_code', code: 'alone' },
  // Strangers.
  {
    description: 'another client',
    changes: { client_id: 'cli_other' },
    detail: 'other_clients_code',
    code: 'alone',
  },
  {
    description: 'another client with a wrong verifier',
    changes: { client_id: 'cli_other', ...verifier('x'.repeat(43)) },
    detail: 'other_clients_code',
    code: 'alone',
  },
  {
    description: 'a client that nobody knows',
    changes: { client_id: 'cli_nobody' },
    status: 401,
    error: 'invalid_client',
    detail: 'unknown_client',
    code: 'alone',
  },
  {
    description: 'another redirect URI',
    changes: { redirect_uri: `${REDIRECT}/` },
    detail: 'redirect_uri_mismatch',
    code: 'alone',
  },
  {
    description: 'another redirect URI and a wrong verifier',
    changes: { redirect_uri: 'https://evil.example', ...verifier('x'.repeat(43)) },
    detail: 'redirect_uri_mismatch',
    code: 'alone',
  },
  {
    description: 'no redirect URI where the request had one',
    changes: { redirect_uri: '' },
    detail: 'redirect_uri_mismatch',
    code: 'alone',
  },
  {
    description: 'another redirect URI where the request had none',
    about: { request: { redirect_uri_given: false } },
    changes: { redirect_uri: 'https://evil.example' },
    detail: 'redirect_uri_mismatch',
    code: 'alone',
  },
  // The verifier.
  ...[
    { description: 'a wrong verifier', changes: verifier('w'.repeat(43)) },
    { description: 'no verifier', changes: verifier('') },
    { description: 'a verifier of 42 characters', changes: verifier('v'.repeat(42)) },
    { description: 'a verifier of 129 characters', changes: verifier('v'.repeat(129)) },
    { description: 'a verifier with a character that is reserved', changes: verifier('v'.repeat(42).concat('+')) },
    { description: 'a verifier with a line break', changes: verifier(`${VERIFIER}\n`) },
    { description: 'the challenge as the verifier', changes: verifier(CHALLENGE) },
    { description: 'a verifier where no challenge was', about: noChallenge },
  ].map(row => ({ ...row, detail: 'code_verifier_mismatch', code: 'burnt' as const })),
  ...[42, 129].map(length => ({
    description: `a verifier of ${length} characters whose hash is the challenge`,
    about: { request: { code_challenge: challengeOf('v'.repeat(length)) } },
    changes: verifier('v'.repeat(length)),
    detail: 'code_verifier_mismatch',
    code: 'burnt' as const,
  })),
  // Time.
  { description: 'a code of 60 seconds', later: 60_000, detail: 'expired_code', code: 'over' },
  {
    description: 'a code of 60 seconds with a wrong verifier',
    later: 60_000,
    changes: verifier('w'.repeat(43)),
    detail: 'expired_code',
    code: 'over',
  },
  { description: 'a code of ten minutes', later: 600_000, detail: 'unknown_code', code: 'over' },
  // What is asked for.
  {
    description: 'a scope against the grammar',
    changes: { scope: 'read:users  write:users' },
    error: 'invalid_scope',
    detail: 'scope_grammar',
    code: 'alone',
  },
  {
    description: 'a scope that was not granted',
    about: { scope: ['read:users'] },
    changes: { scope: 'read:users write:users' },
    error: 'invalid_scope',
    detail: 'scope_not_granted',
    code: 'alone',
  },
  {
    description: 'openid that was not granted',
    about: { scope: ['read:users'] },
    changes: { scope: 'read:users openid' },
    error: 'invalid_scope',
    detail: 'scope_not_granted',
    code: 'alone',
  },
  {
    description: 'a scope alone that has left the catalogue',
    api: { permissions: [{ value: 'read:users' }] },
    changes: { scope: 'write:users' },
    error: 'invalid_scope',
    detail: 'no_scope_left',
    code: 'alone',
  },
  ...['audience', 'resource'].map(name => ({
    description: `another ${name}`,
    changes: { [name]: `${AUDIENCE}/` },
    error: 'invalid_target',
    detail: 'audience_not_granted',
    code: 'alone' as const,
  })),
  {
    description: 'an audience and another resource',
    changes: { audience: AUDIENCE, resource: `${AUDIENCE}/` },
    error: 'invalid_target',
    detail: 'audience_and_resource',
    code: 'alone',
  },
  // What has changed since the user decided.
  {
    description: 'a client without the grant type',
    client: { grant_types: ['refresh_token'] },
    error: 'unauthorized_client',
    detail: 'grant_type_not_registered',
    code: 'alone',
  },
  {
    description: 'a ceiling that does not name the API',
    client: { api_grants: [{ audience: 'https://other.example', scope: ['read:users'] }] },
    detail: 'api_grant_removed',
    code: 'alone',
  },
  {
    description: 'an empty ceiling',
    client: { api_grants: [{ audience: AUDIENCE, scope: [] }] },
    detail: 'api_grant_removed',
    code: 'alone',
  },
  {
    description: 'a ceiling that leaves nothing of what was granted',
    client: { api_grants: [{ audience: AUDIENCE, scope: ['delete:users'] }] },
    detail: 'no_permission_left',
    code: 'alone',
  },
  {
    description: 'a catalogue that leaves nothing of what was granted',
    api: { permissions: [] },
    detail: 'no_permission_left',
    code: 'alone',
  },
  { description: 'a user who may have nothing of it', permissions: [], detail: 'no_permission_left', code: 'alone' },
  {
    description: 'a user who may have something else',
    permissions: ['delete:users', 'openid'],
    detail: 'no_permission_left',
    code: 'alone',
  },
  {
    description: 'an API that was registered again under its name',
    about: { request: { api_id: 'api_00000000000000000000000000' } },
    detail: 'api_removed',
    code: 'alone',
    again: true,
  },
  {
    description: 'an API that is not there',
    about: { request: { audience: 'https://gone.example' } },
    detail: 'api_removed',
    code: 'alone',
    again: true,
  },
  {
    description: 'a consent that is not there',
    about: { consentId: 'con_gone' },
    detail: 'consent_removed',
    code: 'alone',
    again: true,
  },
  {
    description: 'a function of the host that throws',
    fault: true,
    status: 503,
    error: 'temporarily_unavailable',
    code: 'alone',
  },
]
