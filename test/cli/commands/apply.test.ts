import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ENV, fakeServer, runCli } from '../../support/cli.js'
import { type ManagedServer, managedServer } from '../../support/managed-server.js'

const API = {
  name: 'Internal API',
  identifier: 'https://api.example.com',
  permissions: [{ value: 'read:users', description: 'Read user profiles' }, { value: 'write:users' }],
}
const CLIENT = { name: 'Billing service', api_grants: [{ audience: API.identifier, scope: ['read:users'] }] }
const FILE = {
  apis: [API, { name: 'Orders', identifier: 'urn:test:orders' }],
  clients: [CLIENT, { name: 'Web', application_type: 'web' }],
}

const nothing = (() => {
  throw new Error('a request was sent')
}) as typeof fetch

describe('scopegate apply', () => {
  describe('brings a server to what a file says', () => {
    let server: ManagedServer
    beforeEach(async () => {
      server = await managedServer()
    })
    afterEach(() => server.stop())

    /** Every request but those for tokens. */
    let sent: string[]
    const watched = (async (url: string, init: RequestInit) => {
      if (!url.endsWith('/oauth/token')) sent.push(`${init.method} ${new URL(url).pathname.replace(/_\w{26}/, '')}`)
      return fetch(url, init)
    }) as typeof globalThis.fetch

    const apply = (file: unknown, args: string[] = [], isTerminal = false, input = '') => {
      sent = []
      const folder = mkdtempSync(join(tmpdir(), 'scopegate-apply-'))
      writeFileSync(join(folder, 'a.json'), JSON.stringify(file))
      const options = { env: server.env, fetch: watched, isTerminal, input }
      return runCli(['apply', '-f', join(folder, 'a.json'), ...args], options).finally(() =>
        rmSync(folder, { recursive: true }),
      )
    }
    const list = async (resource: string) => {
      const { stdout } = await runCli([resource, 'list', '--json'], { env: server.env })
      return JSON.parse(stdout).results as Record<string, unknown>[]
    }
    const writes = () => sent.filter(call => !call.startsWith('GET'))

    it('and says nothing to do the second time', async () => {
      const first = await apply(FILE)
      expect(first.code).to.equal(0)
      expect(first.stdout).to.match(/^\+ API https:\/\/api\.example\.com\n {4}name: "Internal API"\n/)
      expect(first.stdout.match(/^[+~-] .*$/gm)).to.deep.equal([
        ...['+ API https://api.example.com', '+ API urn:test:orders', '+ client Billing service', '+ client Web'],
      ])
      expect(
        first.stderr.match(/^client_secret of .* \(cli_\w+\) {2}[\w-]{43} {3}\(shown this once\)$/gm),
      ).to.have.length(2)
      expect(await apply(FILE)).to.deep.equal({ code: 0, stdout: '', stderr: 'nothing to do\n' })
      expect(writes()).to.deep.equal([])
    })

    it('sending the members that differ alone, and leaving the others', async () => {
      await apply(FILE)
      const api = { identifier: API.identifier, name: API.name, permissions: [API.permissions[0], { value: 'a:b' }] }
      const client = { name: CLIENT.name, refresh_token: { token_lifetime: 60 }, description: 'd' }
      const { code, stdout, stderr } = await apply({ apis: [api], clients: [client] })
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout.replaceAll(/_\w{26}/g, '')).to.equal(
        '~ API https://api.example.com (api)\n' +
          '    permissions: -{"value":"write:users"} +{"value":"a:b"}\n' +
          '~ client Billing service (cli)\n' +
          '    refresh_token.token_lifetime: 2592000 → 60\n' +
          '    description: "d"\n',
      )
      const [billing] = (await list('clients')).filter(({ name }) => name === CLIENT.name)
      expect(billing).to.deep.include({ api_grants: CLIENT.api_grants, description: 'd' })
      expect(await apply({ apis: [api], clients: [client] })).to.include({ code: 0, stdout: '' })
      const swapped = { apis: [{ ...api, permissions: api.permissions.toReversed() }] }
      expect((await apply(swapped)).stdout).to.include('permissions: another order')
    })

    it('or only says what it would do', async () => {
      const before = [await list('apis'), await list('clients')]
      const { code, stdout, stderr } = await apply(FILE, ['--dry-run', '--prune'])
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.include('+ client Web\n')
      expect(writes()).to.deep.equal([])
      expect([await list('apis'), await list('clients')]).to.deep.equal(before)
      const { stdout: json } = await apply(FILE, ['--dry-run', '--json'])
      expect(JSON.parse(json)).to.deep.include({ dry_run: true })
      expect(JSON.parse(json).changes.map(({ done }: { done: boolean }) => done)).to.deep.equal([
        false,
        false,
        false,
        false,
      ])
    })

    it('and gives programs one document, with the secrets', async () => {
      const { code, stdout, stderr } = await apply(FILE, ['--json'])
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      const { changes } = JSON.parse(stdout)
      expect(changes[2]).to.deep.include({ action: 'create', kind: 'clients', key: CLIENT.name, done: true })
      expect(changes[2].client_secret).to.match(/^[\w-]{43}$/)
      expect(changes[2].id).to.match(/^cli_/)
      expect(JSON.parse((await apply(FILE, ['--json'])).stdout)).to.deep.equal({ dry_run: false, changes: [] })
    })

    it('deleting what it does not name with --prune alone: never the management API, nor who calls', async () => {
      await apply(FILE)
      const small = { apis: [API], clients: [CLIENT] }
      expect((await apply(small)).stdout).to.equal('')
      expect(await list('apis')).to.have.length(3)
      const { code, stdout } = await apply(small, ['--prune', '--yes'])
      expect(code).to.equal(0)
      expect(stdout.replaceAll(/_\w{26}/g, '')).to.equal('- client Web (cli)\n- API urn:test:orders (api)\n')
      expect((await list('apis')).map(({ identifier }) => identifier)).to.have.members([
        ...['urn:scopegate:management', API.identifier],
      ])
      const ids = (await list('clients')).map(({ client_id: id }) => id)
      expect(ids).to.have.length(2).and.include(server.env['SCOPEGATE_CLIENT_ID'])
      expect(await apply({ apis: [], clients: [] }, ['--prune', '-y'])).to.include({ code: 0 })
      expect([await list('apis'), await list('clients')].map(({ length }) => length)).to.deep.equal([1, 1])
    })

    it('deleting first what has the slug that the file gives to another API, and nothing else', async () => {
      const api = (name: string, slug: string) => ({ name, identifier: `urn:test:${name}`, slug })
      await apply({ apis: [api('a', 'a'), api('b', 'b'), api('c', 'c'), api('d', 'd')], clients: [{ name: 'Old' }] })
      // d takes the slug of b, the new e that of a; c is in nobody's way.
      const file = { apis: [api('d', 'b'), api('e', 'a')], clients: [{ name: 'New' }] }
      const refused = await apply(file)
      expect(refused.code).to.equal(1)
      expect(refused.stderr).to.include('409 already_exists').and.include('(slug)')
      const { code, stdout } = await apply(file, ['--prune', '--yes'])
      expect(code).to.equal(0)
      expect(stdout.replaceAll(/ \(.*\)/g, '').match(/^[+~-] .*$/gm)).to.deep.equal([
        ...['- API urn:test:b', '- API urn:test:a'],
        ...['~ API urn:test:d', '+ API urn:test:e', '+ client New'],
        ...['- client Old', '- API urn:test:c'],
      ])
      const slugs = (await list('apis')).map(({ identifier, slug }) => [identifier, slug])
      expect(slugs).to.deep.include.members([
        ['urn:test:d', 'b'],
        ['urn:test:e', 'a'],
      ])
      expect(slugs).to.have.length(3)
      expect(await apply(file, ['--prune', '--yes'])).to.include({ code: 0, stdout: '' })
    })

    it('pruning no list that the file does not have, and asking on a terminal', async () => {
      await apply(FILE)
      expect((await apply({ clients: [CLIENT] }, ['--prune', '--yes', '--dry-run'])).stdout).not.to.include('API')
      const refused = await apply({ apis: [API] }, ['--prune'], true, 'no\n')
      expect(refused.code).to.equal(1)
      expect(refused.stderr).to.include('Delete what the file does not name (1)? [y/N]').and.include('nothing was done')
      expect(await list('apis')).to.have.length(3)
      expect((await apply({ apis: [API] }, ['--prune'], true, 'yes\n')).code).to.equal(0)
      expect(await list('apis')).to.have.length(2)
    })

    it('refusing a name that several clients have', async () => {
      for (const _ of [1, 2]) await runCli(['clients', 'create', '--name', 'Twin'], { env: server.env })
      const { code, stdout, stderr } = await apply({ apis: [API], clients: [{ name: 'Twin' }] })
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr).to.match(/several clients have the name "Twin" \(cli_\w+, cli_\w+\); nothing was changed/)
      expect(writes()).to.deep.equal([])
    })

    it('saying how far it came where the server refuses, and keeping the secrets that it got', async () => {
      const odd = { name: 'Odd', application_type: 'spa', grant_types: ['client_credentials'] }
      const { code, stderr } = await apply({ apis: [API], clients: [CLIENT, odd, { name: 'Never' }] })
      expect(code).to.equal(1)
      expect(stderr).to.match(/client_secret of Billing service/)
      expect(stderr).to.match(/2 of 4 changes were made\nscopegate: 400 validation_error: .*grant_types must not have/)
      const json = await apply({ clients: [{ name: 'Other' }, odd] }, ['--json'])
      const { changes } = JSON.parse(json.stdout)
      expect(changes.map(({ done }: { done: boolean }) => done)).to.deep.equal([true, false])
      expect(changes[0].client_secret).to.match(/^[\w-]{43}$/)
    })
  })

  describe('writes only what it has read', () => {
    const PRESENT = { id: 'api_1', ...API, is_system: false }
    const row = { ...PRESENT, name: 'Old' }
    const input = JSON.stringify({ apis: [API] })

    it('again where it was changed meanwhile, by the ETag of that', async () => {
      let revision = 1
      const { fetch, calls } = fakeServer(({ method, target }) => {
        if (target.startsWith('/apis?')) return { body: { results: [row], next: null } }
        if (method === 'GET') return { body: { ...row, permissions: [] }, headers: { etag: `"${revision++}"` } }
        return revision < 4 ? { status: 412, body: { error_code: 'precondition_failed', message: 'x' } } : { body: row }
      })
      expect((await runCli(['apply', '-f', '-'], { env: ENV, fetch, input })).code).to.equal(0)
      const updates = calls.filter(({ method }) => method === 'POST')
      expect(updates.map(({ headers }) => headers['if-match'])).to.deep.equal(['"1"', '"2"', '"3"'])
      for (const { body } of updates) expect(body).to.deep.equal({ name: API.name, permissions: API.permissions })
    })

    it('of a file with more members than one body may have', async () => {
      const permissions = Array.from({ length: 1_000 }, (_, at) => ({ value: `p:${at}`, description: 'd' }))
      const apis = Array.from({ length: 6 }, (_, at) => ({ name: 'n', identifier: `urn:test:${at}`, permissions }))
      const { fetch } = fakeServer(() => ({ body: { results: [], next: null } }))
      const options = { env: ENV, fetch, input: JSON.stringify({ apis }) }
      const { code, stdout } = await runCli(['apply', '-f', '-', '--dry-run'], options)
      expect(code).to.equal(0)
      expect(stdout.match(/^\+ API/gm)).to.have.length(6)
    })

    it('not at all where somebody else has made it so', async () => {
      const { fetch, calls } = fakeServer(({ target }) =>
        target.startsWith('/apis?') ? { body: { results: [row], next: null } } : { body: PRESENT },
      )
      expect((await runCli(['apply', '-f', '-'], { env: ENV, fetch, input })).code).to.equal(0)
      expect(calls.filter(({ method }) => method !== 'GET')).to.deep.equal([])
    })

    it('and gives up where it never ends', async () => {
      const { fetch } = fakeServer(({ method, target }) => {
        if (target.startsWith('/apis?')) return { body: { results: [row], next: null } }
        return method === 'GET' ? { body: row, headers: { etag: '"1"' } } : { status: 412, body: {} }
      })
      const { code, stderr } = await runCli(['apply', '-f', '-'], { env: ENV, fetch, input })
      expect(code).to.equal(1)
      expect(stderr).to.include('the API api_1 is being changed by others')
    })

    it('and deletes what is gone already without a word', async () => {
      const { fetch, calls } = fakeServer(({ target }) =>
        target.startsWith('/apis?') ? { body: { results: [row], next: null } } : { status: 404, body: {} },
      )
      const args = ['apply', '-f', '-', '--prune', '--yes']
      expect((await runCli(args, { env: ENV, fetch, input: '{"apis":[]}' })).code).to.equal(0)
      expect(calls.map(({ method }) => method)).to.deep.equal(['GET', 'GET'])
    })
  })

  describe('sends nothing where the file is', () => {
    const files: { description: string; file: unknown; faults: RegExp[] }[] = [
      { description: 'a list', file: [], faults: [/^the file must hold an object$/] },
      { description: 'empty', file: null, faults: [/^the file must hold an object$/] },
      {
        description: 'of other members',
        file: { api: [], clients: {} },
        faults: [/^api is not known/, /^clients must be a list$/],
      },
      {
        description: 'faulty in many places',
        file: {
          apis: [
            1,
            { name: 'a' },
            { ...API, permissions: [{ value: 'a b' }, { value: 'c', x: 1 }], token_lifetime: 1 },
          ],
          clients: [
            { name: '', callbacks: ['javascript:1'] },
            { name: 'b', client_secret: 'hush' },
          ],
        },
        faults: [
          /^apis\[0\] must be an object$/,
          /^apis\[1\]\.identifier is required$/,
          /^apis\[2\]\.permissions\[0\]\.value must be a scope-token/,
          /^apis\[2\]\.permissions\[1\]\.x is not a known field$/,
          /^apis\[2\]\.token_lifetime must be >= 60$/,
          /^clients\[0\]\.name must NOT have fewer than 1 char/,
          /^clients\[0\]\.name must have visible text/,
          /^clients\[0\]\.callbacks\[0\] must be an absolute URI/,
          /^clients\[1\]\.client_secret is read-only$/,
        ],
      },
      {
        description: 'ambiguous',
        file: { apis: [API, { ...API, name: 'b' }], clients: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] },
        faults: [/^apis\[1\]\.identifier is that of apis\[0\]$/, /^clients\[2\]\.name is that of clients\[0\]$/],
      },
      {
        description: 'about the management API',
        file: { apis: [{ name: 'x', identifier: 'urn:scopegate:management' }] },
        faults: [/^apis\[0\] is the management API, which cannot be changed$/],
      },
      { description: 'steering the terminal', file: { 'a\u001b[2J': 1 }, faults: [/^a\\u001b\[2J is not known/] },
    ]
    for (const { description, file, faults } of files) {
      it(`${description}, and names every fault with its place`, async () => {
        const options = { env: ENV, fetch: nothing, input: JSON.stringify(file) }
        const { code, stdout, stderr } = await runCli(['apply', '-f', '-'], options)
        const lines = stderr.trimEnd().split('\n')
        expect(lines.pop()).to.equal(
          `scopegate: standard input has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}; nothing was sent`,
        )
        expect(lines, stderr).to.have.length(faults.length)
        for (const [at, fault] of faults.entries()) expect(lines[at]).to.match(fault)
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
        expect(stderr).not.to.include('hush')
      })
    }

    const yamls: { description: string; text: string; message: RegExp }[] = [
      {
        description: 'no YAML',
        text: 'apis:\n  - name: "a\n',
        message: /a\.yml is not YAML \(line \d, column \d+\): \w+$/,
      },
      {
        description: 'YAML that names a member twice',
        text: 'apis: []\napis: []\n',
        message: /is not YAML \(line 2, column 1\): DUPLICATE_KEY$/,
      },
      { description: 'YAML that grows', text: bomb(), message: /a\.yml has too many aliases$/ },
    ]
    for (const { description, text, message } of yamls) {
      it(description, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'scopegate-apply-'))
        writeFileSync(join(folder, 'a.yml'), text)
        const { code, stderr } = await runCli(['apply', '-f', join(folder, 'a.yml')], { env: ENV, fetch: nothing })
        rmSync(folder, { recursive: true })
        expect(stderr.trimEnd()).to.match(message)
        expect(code).to.equal(1)
      })
    }
  })
})

/** Ten levels, each of ten times the one before. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array(10).fill(`*a${at}`).join()}]`)
  return ['a0: &a0 x', ...levels].join('\n')
}
