import { expect } from 'chai'
import { ENV, type FakeAnswer, type FakeCall, fakeServer, runCli } from '../../support/cli.js'

const KEYS = {
  results: [
    { kid: 'k2', state: 'next', created_at: 'b', published_at: 'b', activated_at: null, retired_at: null },
    { kid: 'k1', state: 'current', created_at: 'a', published_at: 'a', activated_at: 'a', retired_at: null },
  ],
  next: null,
}
const LOG = { id: 'log_1', type: 'token.issued', client_id: 'cli_1', scope: ['a', 'b'], createdAt: 'now' }
const WOULD = { clients: ['cli_1', 'cli_2'], grants: 3, consents: 0, permissions_removed: ['read:x'] }

describe('scopegate', () => {
  const rows: {
    args: string[]
    answer?: FakeAnswer
    call: Partial<FakeCall>
    code?: number
    stdout?: RegExp | string
    stderr?: RegExp | string
  }[] = [
    {
      args: ['keys', 'list'],
      answer: { body: KEYS },
      call: { method: 'GET', target: '/keys' },
      stdout: /^KID +STATE .*\nk2 +next +b .*\nk1 +current +a +a +a\n$/,
    },
    { args: ['keys', 'list', '--json'], answer: { body: KEYS }, call: { target: '/keys' }, stdout: /"kid":"k1"/ },
    {
      args: ['keys', 'rotate'],
      answer: { body: KEYS },
      call: { method: 'POST', target: '/keys/rotate', body: undefined },
      stdout: /^KID/,
    },
    { args: ['keys', 'rotate', '--force'], answer: { body: KEYS }, call: { body: { force: true } } },
    {
      args: ['keys', 'rotate'],
      answer: { status: 409, body: { error_code: 'too_early', message: 'Wait.' }, headers: { 'retry-after': '90' } },
      ...{ call: { target: '/keys/rotate' }, code: 1, stderr: 'scopegate: 409 too_early: Wait.; try again in 90 s\n' },
    },
    {
      args: ['keys', 'rm', 'k-1', '--yes'],
      answer: { status: 204 },
      call: { method: 'DELETE', target: '/keys/k-1' },
      stderr: 'deleted the key k-1\n',
    },
    {
      args: ['keys', 'rm', 'k1', '-y', '--replace'],
      answer: { status: 204 },
      call: { target: '/keys/k1?replace=true' },
    },
    {
      args: ['logs', 'list', '--query', 'type:token.issued', '--jsonl'],
      answer: { body: { results: [LOG], next: null } },
      call: { target: '/logs?pageSize=200&query=type%3Atoken.issued' },
      stdout: `${JSON.stringify(LOG)}\n`,
    },
    {
      args: ['logs', 'list', '--limit', '7'],
      answer: { body: { results: [], next: null } },
      call: { target: '/logs?pageSize=7' },
      stderr: 'nothing found\n',
    },
    { args: ['logs', 'get', 'log_1'], answer: { body: LOG }, call: { target: '/logs/log_1' }, stdout: /^scope +a b$/m },
    {
      args: ['grants', 'rm', 'g', '-y'],
      answer: { status: 204 },
      call: { method: 'DELETE', target: '/grants/g' },
      stderr: 'deleted the grant g\n',
    },
    {
      args: ['consents', 'get', 'c'],
      answer: { body: { id: 'c' } },
      call: { target: '/consents/c' },
      stdout: 'id  c\n',
    },
    {
      args: ['apis', 'usage', 'api_1'],
      answer: { body: { results: [{ value: 'read:x', granted: 12 }] } },
      call: { method: 'GET', target: '/apis/api_1/usage' },
      stdout: 'VALUE   GRANTED\nread:x  12\n',
    },
    {
      args: ['apis', 'preview', 'api_1', '--client', 'cli_1'],
      answer: {
        body: {
          granted: true,
          claims: { aud: 'x', scope: 'a' },
          dropped: [{ scope: 'b', reason: 'not_in_catalogue' }],
        },
      },
      call: { method: 'POST', target: '/apis/api_1/preview', body: { client_id: 'cli_1' } },
      stdout: 'granted\naud    x\nscope  a\n\nleft out\nSCOPE  REASON\nb      not_in_catalogue\n',
    },
    {
      args: [
        'apis',
        'preview',
        'api_1',
        '--client',
        'c',
        '--scope',
        'a b',
        '--grant-type',
        'x',
        '--user',
        'ada',
        '--json',
      ],
      answer: { body: { granted: false, error: 'invalid_scope', dropped: [] } },
      call: { body: { client_id: 'c', scope: 'a b', grant_type: 'x', user: 'ada' } },
      stdout: /"error": "invalid_scope"/,
    },
    {
      args: ['apis', 'preview', 'api_1', '--client', 'c'],
      answer: { body: { granted: false, error: 'invalid_scope', dropped: [] } },
      ...{ call: {}, stdout: 'refused: invalid_scope\n' },
    },
    {
      args: ['apis', 'update', 'api_1', '--set', 'name=A', '--dry-run'],
      answer: { body: { would: WOULD } },
      call: { method: 'POST', target: '/apis/api_1?dry_run=true', body: { name: 'A' } },
      stdout:
        'clients              cli_1 cli_2\ngrants               3\nconsents             0\npermissions_removed  read:x\n',
    },
    {
      args: ['clients', 'rm', 'cli_1', '--dry-run', '--json'],
      answer: { body: { would: WOULD } },
      call: { method: 'DELETE', target: '/clients/cli_1?dry_run=true' },
      stdout: `${JSON.stringify({ would: WOULD }, null, 2)}\n`,
    },
    {
      args: ['apis', 'rm', 'api_1', '--dry-run'],
      answer: { status: 204 },
      ...{ call: {}, code: 1, stderr: /does not know dry runs, and may have carried out the change/ },
    },
  ]
  for (const { args, answer = {}, call, code = 0, stdout, stderr = code === 0 ? '' : /./ } of rows) {
    it(`${args.join(' ')} sends what the management API takes`, async () => {
      const { fetch, calls } = fakeServer(() => answer)
      const result = await runCli(args, { env: ENV, fetch })
      if (stdout !== undefined) expect(result.stdout).to.match(stdout instanceof RegExp ? stdout : exactly(stdout))
      if (args.includes('-y') || args.includes('--yes')) expect(result.stderr).to.match(/^deleted/)
      else expect(result.stderr).to.match(stderr instanceof RegExp ? stderr : exactly(stderr))
      expect(result.code).to.equal(code)
      expect(calls).to.have.length(1)
      for (const [name, value] of Object.entries(call))
        expect(Reflect.get(calls[0] ?? {}, name), name).to.deep.equal(value)
    })
  }

  function exactly(text: string): RegExp {
    return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
  }
})
