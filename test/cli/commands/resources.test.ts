import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type CliOptions, type CliResult, runCli } from '../../support/cli.js'
import { type ManagedServer, managedServer } from '../../support/managed-server.js'

for (const prefix of ['', '/admin']) {
  describe(`scopegate apis and clients, of a server whose management API is at ${prefix || 'the root'}`, () => {
    let server: ManagedServer
    before(async () => {
      server = await managedServer(prefix)
    })
    after(() => server.stop())

    const sg = (args: string[], options: CliOptions = {}): Promise<CliResult> =>
      runCli(args, { ...options, env: { ...server.env, ...options.env } })

    async function json(args: string[], options: CliOptions = {}): Promise<Record<string, unknown>> {
      const { code, stdout, stderr } = await sg([...args, '--json'], options)
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      return JSON.parse(stdout)
    }

    it('create an API from flags', async () => {
      const args = ['--name', 'Users', '--identifier', 'https://users.example.com', '--slug', 'u', '--description', 'd']
      const more = ['--permission', 'read:users=Read = see', '--permission', 'write:users', '--token-lifetime', '3600']
      const flags = ['--token-dialect', 'access_token_authz', '--allow-offline-access', '--skip-consent']
      const created = await json(['apis', 'create', ...args, ...more, ...flags, '--no-enforce-policies'])
      expect(created).to.deep.include({
        ...{ name: 'Users', identifier: 'https://users.example.com', slug: 'u', description: 'd' },
        permissions: [{ value: 'read:users', description: 'Read = see' }, { value: 'write:users' }],
        ...{ token_lifetime: 3600, token_dialect: 'access_token_authz', allow_offline_access: true },
        ...{ skip_consent: true, enforce_policies: false },
      })
      expect(await json(['apis', 'get', String(created['id'])])).to.deep.equal(created)
    })

    it('create a client from flags, and show its secret once: to people on standard error', async () => {
      const grant = 'https://users.example.com=read:users write:users'
      const args = ['--name', 'App', '--type', 'web', '--callback', 'https://a.example/cb', '--first-party']
      const more = ['--web-origin', 'https://a.example', '--logout-url', 'https://a.example/', '--description', 'd']
      const flags = ['--grant-type', 'authorization_code', '--grant-type', 'refresh_token', '--api-grant', grant]
      const rest = ['--auth-method', 'client_secret_post', '--default-audience', 'https://users.example.com']
      const created = await json(['clients', 'create', ...args, ...more, ...flags, ...rest])
      const { client_id: id, client_secret: secret } = created
      expect(secret).to.match(/^[\w-]{43}$/)
      expect(created).to.deep.include({
        ...{ name: 'App', application_type: 'web', is_first_party: true, description: 'd' },
        ...{ callbacks: ['https://a.example/cb'], web_origins: ['https://a.example'] },
        ...{ logout_urls: ['https://a.example/'], grant_types: ['authorization_code', 'refresh_token'] },
        ...{ token_endpoint_auth_method: 'client_secret_post', default_audience: 'https://users.example.com' },
        api_grants: [{ audience: 'https://users.example.com', scope: ['read:users', 'write:users'] }],
      })
      expect(await json(['clients', 'get', String(id)])).to.not.have.property('client_secret')
      const { stdout, stderr } = await sg(['clients', 'create', '--name', 'Other'])
      expect(stderr).to.match(/^client_secret {2}[\w-]{43} {3}\(shown this once\)\n$/)
      expect(stdout)
        .to.match(/^name +Other$/m)
        .and.not.include('client_secret ')
    })

    it('take the body from a file, from standard input, and from flags over them', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'scopegate-cli-'))
      const body = { name: 'From file', identifier: 'urn:test:file', token_lifetime: 60 }
      writeFileSync(join(folder, 'api.json'), JSON.stringify(body))
      writeFileSync(join(folder, 'api.yaml'), 'name: Yaml\nidentifier: urn:test:yaml\n')
      expect(await json(['apis', 'create', '-f', join(folder, 'api.json')])).to.include(body)
      expect(await json(['apis', 'create', '-f', join(folder, 'api.yaml')])).to.include({ name: 'Yaml' })
      const input = JSON.stringify({ ...body, identifier: 'urn:test:input' })
      const args = ['-f', '-', '--name', 'Flag', '--set', 'token_lifetime=61']
      const created = await json(['apis', 'create', ...args], { input })
      expect(created).to.include({ name: 'Flag', token_lifetime: 61 })
      rmSync(folder, { recursive: true })
    })

    const documents: { description: string; input: string; code?: number; message: RegExp }[] = [
      {
        description: 'no JSON',
        input: '{\n  "name": hush }',
        message: /standard input is not JSON( \(line \d+, column \d+\))?$/,
      },
      { description: 'a member twice', input: '{"name":"a","name":"b"}', message: /names a member twice$/ },
      { description: 'a list', input: '[]', code: 2, message: /the file must hold one object$/ },
      { description: 'bytes that are no text', input: '\xff', message: /is not UTF-8$/ },
      {
        description: 'an unknown field',
        input: '{"nme":"a"}',
        message: /400 validation_error: .* nme is not a known field$/,
      },
    ]
    for (const { description, input, code = 1, message } of documents) {
      it(`refuse a body that is ${description}, and repeat nothing of it`, async () => {
        const result = await sg(['clients', 'create', '-f', '-'], { input: Buffer.from(input, 'latin1') })
        expect(result.stderr.trimEnd()).to.match(message).and.not.include('hush')
        expect(result.code).to.equal(code)
      })
    }

    it('update what --set names: JSON as JSON, a dot into an object, anything else as text', async () => {
      const { id } = await json(['apis', 'create', '--name', 'A', '--identifier', 'urn:test:set'])
      const set = ['--set', 'name="3600"', '--set', 'token_lifetime=3600', '--set', 'description=a=b {', '--set']
      const permissions = 'permissions=[{"value":"a:b"}]'
      const changed = await json(['apis', 'update', String(id), ...set, permissions, '--set', 'skip_consent=true'])
      expect(changed).to.deep.include({ name: '3600', token_lifetime: 3600, description: 'a=b {', skip_consent: true })
      expect(changed['permissions']).to.deep.equal([{ value: 'a:b' }])
      const { client_id: client } = await json(['clients', 'create', '--name', 'C'])
      const nested = await json(['clients', 'update', String(client), '--set', 'refresh_token.token_lifetime=61'])
      expect(nested['refresh_token']).to.deep.equal({ token_lifetime: 61 })
      const odd = await sg(['apis', 'update', String(id), '--set', 'token_lifetime=1h'])
      expect(odd).to.include({ code: 1, stdout: '' })
      expect(odd.stderr).to.match(/400 validation_error: .*token_lifetime must be integer/)
    })

    it('delete with --yes, and on a terminal if the answer is yes', async () => {
      const create = async (name: string) =>
        String((await json(['apis', 'create', '--name', name, '--identifier', `urn:test:rm:${name}`]))['id'])
      const [first, second, third] = [await create('a'), await create('b'), await create('c')]
      const gone = await sg(['apis', 'rm', first, '--yes'])
      expect(gone).to.deep.equal({ code: 0, stdout: '', stderr: `deleted the API ${first}\n` })
      expect(await json(['apis', 'rm', second, '-y'])).to.deep.equal({ deleted: second })
      expect(await sg(['apis', 'get', second])).to.include({ code: 1 })
      for (const input of ['n\n', '\n', '', 'yes?\n']) {
        const kept = await sg(['apis', 'rm', third], { isTerminal: true, input })
        expect(kept.code, input).to.equal(1)
        expect(kept.stderr)
          .to.include(`Delete the API ${third}? [y/N]`)
          .and.match(/nothing was (done|entered)/)
      }
      expect(await sg(['apis', 'get', third])).to.include({ code: 0 })
      expect((await sg(['apis', 'rm', third], { isTerminal: true, input: 'y\n' })).code).to.equal(0)
      const again = await sg(['apis', 'rm', third, '--yes'])
      expect(again).to.deep.equal({
        code: 1,
        stdout: '',
        stderr: 'scopegate: 404 not_found: There is no such resource.\n',
      })
    })

    it('add and delete secrets of a client', async () => {
      const { client_id: id } = await json(['clients', 'create', '--name', 'S'])
      const made = await json(['clients', 'secrets', 'create', String(id), '--expires-at', '2100-01-01T00:00:00Z'])
      expect(made['client_secret']).to.match(/^[\w-]{43}$/)
      expect(made['expires_at']).to.equal('2100-01-01T00:00:00.000Z')
      const second = await sg(['clients', 'secrets', 'create', String(id)])
      expect(second.stderr).to.match(/^client_secret {2}[\w-]{43}/)
      const rm = ['clients', 'secrets', 'rm', String(id), String(made['id'])]
      expect((await sg([...rm, '--yes'])).stderr).to.equal(`deleted the secret ${made['id']} of the client ${id}\n`)
      expect((await json(['clients', 'get', String(id)]))['secrets']).to.have.length(2)
    })

    it('refuse to leave nobody who can manage', async () => {
      const { code, stderr } = await sg(['clients', 'rm', server.env['SCOPEGATE_CLIENT_ID'] ?? '', '--yes'])
      expect(code).to.equal(1)
      expect(stderr).to.match(/^scopegate: 409 last_manager: /)
    })

    it('list in every form, filtered, and so many', async () => {
      for (const name of ['x', 'y', 'z']) {
        await json(['apis', 'create', '--name', name, '--identifier', `urn:list:${name}`, '--permission', 'list:it'])
      }
      const list = ['apis', 'list', '--query', 'permission:list:it']
      const names = (rows: unknown) => (rows as { name: string }[]).map(({ name }) => name)
      const document = await json(list)
      expect(Object.keys(document)).to.deep.equal(['results'])
      expect(names(document['results'])).to.deep.equal(['z', 'y', 'x'])
      const lines = (await sg([...list, '--jsonl'])).stdout
      expect(
        names(
          lines
            .trimEnd()
            .split('\n')
            .map(line => JSON.parse(line)),
        ),
      ).to.deep.equal(['z', 'y', 'x'])
      expect(names((await json([...list, '--limit', '2']))['results'])).to.deep.equal(['z', 'y'])
      const table = (await sg(list)).stdout.trimEnd().split('\n')
      expect(table[0]).to.match(/^ID +NAME +IDENTIFIER +PERMISSIONS +TOKEN_LIFETIME +CREATEDAT$/)
      expect(table.slice(1).map(line => line.split(/ {2,}/)[1])).to.deep.equal(['z', 'y', 'x'])
      expect(table[1]).to.include('  urn:list:z  list:it      86400  ')
      expect(await json(['apis', 'list', '--query', 'name:nobody'])).to.deep.equal({ results: [] })
      for (const resource of ['grants', 'consents'])
        expect(await json([resource, 'list'])).to.deep.equal({ results: [] })
      const odd = await sg(['apis', 'list', '-q', 'nme:x'])
      expect(odd).to.include({ code: 1, stdout: '' })
      expect(odd.stderr).to.match(/400 invalid_query: .*\(position 0\)/)
    })

    it('print a token alone, for the audience and scope that are asked for', async () => {
      const { client_id: id, client_secret: secret } = await json(['clients', 'create', '--name', 'T'])
      const env = { SCOPEGATE_CLIENT_ID: String(id), SCOPEGATE_CLIENT_SECRET: String(secret) }
      const audience = 'https://users.example.com'
      const args = ['token', '--audience', audience, '--scope', 'read:users', '--scope', 'write:users']
      const { code, stdout, stderr } = await sg(args, { env })
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.match(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
      const payload = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString())
      expect(payload).to.include({ aud: audience, scope: 'read:users write:users' })
      const refused = await sg(['token', '--audience', 'urn:nobody'], { env })
      expect(refused).to.include({ code: 1, stdout: '' })
      expect(refused.stderr).to.match(/^scopegate: 400 invalid_target: /)
    })
  })
}
