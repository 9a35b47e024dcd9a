import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { ENV, fakeServer, runCli } from '../../support/cli.js'
import { listen } from '../../support/running.js'

const EMPTY = { results: [], next: null }
const nothing = (() => {
  throw new Error('a request was sent')
}) as typeof fetch

/** A server with one answer to everything but the token request. */
const answering = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  fakeServer(() => ({ status, body, headers })).fetch

describe('commands that talk to a server', () => {
  const refused: { description: string; fetch: typeof fetch; message: RegExp; args?: string[] }[] = [
    {
      description: 'a token that is not accepted',
      fetch: answering(401, { status: 401, error_code: 'unauthorized', message: 'The token is not valid.' }),
      message: /^401 unauthorized: The token is not valid\.$/,
    },
    {
      description: 'a scope that is missing',
      fetch: answering(403, { status: 403, error_code: 'insufficient_scope', message: 'The token lacks the scope.' }),
      message: /^403 insufficient_scope: /,
    },
    {
      description: 'what is not there',
      fetch: answering(404, { status: 404, error_code: 'not_found', message: 'There is no such resource.' }),
      message: /^404 not_found: There is no such resource\.$/,
    },
    {
      description: 'what is taken, with the fields',
      fetch: answering(409, {
        ...{ status: 409, error_code: 'already_exists', message: 'Another one has this.' },
        details: { fields: ['identifier', 'slug'] },
      }),
      message: /^409 already_exists: Another one has this\. \(identifier, slug\)$/,
    },
    {
      description: 'what is too early, with the time to wait',
      fetch: answering(409, { status: 409, error_code: 'too_early', message: 'Too early.' }, { 'retry-after': '540' }),
      message: /^409 too_early: Too early\.; try again in 540 s$/,
    },
    {
      description: 'what was changed meanwhile',
      fetch: answering(412, { status: 412, error_code: 'precondition_failed', message: 'It was changed since.' }),
      message: /^412 precondition_failed: /,
    },
    {
      description: 'too many requests',
      fetch: answering(429, { status: 429, error_code: 'too_many_requests', message: 'Slow.' }, { 'retry-after': '7' }),
      message: /^429 too_many_requests: Slow\.; try again in 7 s$/,
    },
    {
      description: 'a store that does not answer',
      fetch: answering(
        503,
        { status: 503, error_code: 'unavailable', message: 'Not now.' },
        { 'retry-after': '<now>' },
      ),
      message: /^503 unavailable: Not now\.$/,
    },
    {
      description: 'faults of fields, each with its message',
      fetch: answering(400, {
        ...{ status: 400, error_code: 'validation_error', message: 'The request is not valid.' },
        details: {
          fields: ['a', 'b'],
          issues: [
            { path: 'a', message: 'is required' },
            { path: 'b', message: 'is odd' },
          ],
        },
      }),
      message: /^400 validation_error: The request is not valid\. a is required; b is odd$/,
    },
    {
      description: 'a fault of the query, with its place',
      fetch: answering(400, {
        ...{ status: 400, error_code: 'invalid_query', message: 'There is no such field.' },
        details: { position: 4 },
      }),
      message: /^400 invalid_query: There is no such field\. \(position 4\)$/,
    },
    {
      description: 'a redirect, which is not followed',
      fetch: answering(308, '', { location: 'https://elsewhere.example' }),
      message: /^308: the server answers with a redirect/,
    },
    {
      description: 'an answer of something else',
      fetch: answering(502, '<html>'),
      message: /^502: .*not one of scopegate/,
    },
    { description: 'a page that is none', fetch: answering(200, '<html>'), message: /not one of scopegate/ },
    {
      description: 'a list of texts',
      fetch: answering(200, { results: ['a'], next: null }),
      message: /not one of scopegate/,
    },
    {
      description: 'a cursor that is none',
      fetch: answering(200, { results: [], next: 1 }),
      message: /not one of scopegate/,
    },
    {
      description: 'a list that never ends',
      fetch: answering(200, { results: [], next: 'again' }),
      message: /the same page again and again/,
    },
    {
      description: 'a record that is none',
      fetch: answering(200, []),
      args: ['apis', 'get', 'api_1'],
      message: /not one of scopegate/,
    },
    {
      description: 'texts that would steer the terminal',
      fetch: answering(404, { error_code: 'not_found', message: 'a\u001b[2J\u009b31m\r\nscopegate: done' }),
      message: /^404 not_found: a\\u001b\[2J\\u009b31m\\u000d\\u000ascopegate: done$/,
    },
    {
      description: 'texts that are very long',
      fetch: answering(404, { error_code: 'not_found', message: 'x'.repeat(1_000_000) }),
      message: /^404 not_found: x{1900,2000}$/,
    },
    {
      description: 'a body that does not end',
      fetch: answering(200, 'x'.repeat(33 * 1024 * 1024)),
      message: /larger than 32 MB/,
    },
    {
      description: 'a client that is not known',
      fetch: (async () => Response.json({ error: 'invalid_client' }, { status: 401 })) as typeof fetch,
      message: /^401 invalid_client: the client id or its secret is not accepted$/,
    },
    {
      description: 'a token answer without a token',
      fetch: (async () => Response.json({ token: 'x' })) as typeof fetch,
      message: /has no access token; check the URL/,
    },
    {
      description: 'a network that fails in an unknown way',
      fetch: (async () => {
        throw new TypeError('fetch failed the-secret-of-the-environment')
      }) as typeof fetch,
      message: /^https:\/\/id\.example\.com cannot be reached: the network failed$/,
    },
  ]
  for (const { description, fetch, message, args = ['apis', 'list'] } of refused) {
    it(`say in one line, with exit 1: ${description}`, async () => {
      const { code, stderr } = await runCli(args, { env: ENV, fetch })
      expect(code).to.equal(1)
      expect(stderr).to.match(/^scopegate: [^\n]*\n$/)
      expect(stderr.slice('scopegate: '.length).trimEnd()).to.match(message)
      expect(stderr).not.to.include(ENV.SCOPEGATE_CLIENT_SECRET)
    })
  }

  it('name the URL where nobody listens', async () => {
    const { url, stop } = await listen(() => () => undefined)
    await stop()
    const { code, stderr } = await runCli(['apis', 'list'], { env: { ...ENV, SCOPEGATE_URL: url } })
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: `scopegate: ${url} cannot be reached: connection refused\n`,
    })
  })

  it('give up where no answer comes, and where a body does not end', async () => {
    for (const begins of [false, true]) {
      const silent = createServer((_req, res) => {
        if (begins) res.write('{')
      })
      await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${Object(silent.address()).port}`
      const { code, stderr } = await runCli(['token', '--timeout', '1'], { env: { ...ENV, SCOPEGATE_URL: url } })
      expect({ code, stderr }).to.deep.equal({ code: 1, stderr: `scopegate: ${url} has not answered within 1 s\n` })
      silent.closeAllConnections()
      await new Promise(resolve => silent.close(resolve))
    }
  })

  it('replace a token that expires under way, once', async () => {
    const refusal = { status: 401, body: { error_code: 'unauthorized', message: 'Expired.' } }
    let calls = 0
    const once = fakeServer(() => {
      calls++
      if (calls === 1) return { body: { results: [{ id: 'a' }], next: 'n' } }
      return calls === 2 ? refusal : { body: { results: [{ id: 'b' }], next: null } }
    })
    const { code, stdout } = await runCli(['apis', 'list', '--jsonl'], { env: ENV, fetch: once.fetch })
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '{"id":"a"}\n{"id":"b"}\n' })
    const always = fakeServer(({ target }) =>
      target.includes('next') ? refusal : { body: { results: [], next: 'n' } },
    )
    expect((await runCli(['apis', 'list'], { env: ENV, fetch: always.fetch })).code).to.equal(1)
    expect(always.calls).to.have.length(3)
  })

  it('send the secret to the token endpoint alone, and the token to the management API', async () => {
    const { fetch, calls } = fakeServer(() => ({ body: EMPTY }))
    const seen: string[] = []
    const watched = (async (url: string, init: RequestInit) => {
      seen.push(`${url} ${init.redirect} ${String(init.body ?? '')} ${JSON.stringify(init.headers)}`)
      return fetch(url, init)
    }) as typeof globalThis.fetch
    const env = { ...ENV, SCOPEGATE_ADMIN_URL: 'https://admin.example.com/manage/' }
    expect((await runCli(['clients', 'list', '-q', 'name:a b'], { env, fetch: watched })).code).to.equal(0)
    expect(calls.map(({ target }) => target)).to.deep.equal(['/manage/clients?pageSize=200&query=name%3Aa+b'])
    expect(seen).to.have.length(2)
    expect(seen[0]).to.match(/^https:\/\/id\.example\.com\/oauth\/token manual .*client_secret=the-secret/)
    expect(seen[1]).to.match(/^https:\/\/admin\.example\.com\/manage\/clients\?\S+ manual .*"Bearer a\.b\.c"/)
    expect(seen[1]).not.to.include(ENV.SCOPEGATE_CLIENT_SECRET)
  })

  describe('take', () => {
    const addresses: { url: string; env?: Record<string, string>; args?: string[]; message?: RegExp }[] = [
      { url: 'id.example.com', message: /SCOPEGATE_URL must be an https URL/ },
      { url: 'ftp://id.example.com', message: /SCOPEGATE_URL must be an https URL/ },
      { url: 'http://id.example.com', message: /http only for a loopback host/ },
      { url: 'https://a@id.example.com', message: /no user information/ },
      { url: 'https://id.example.com?a', message: /no user information, query/ },
      { url: 'https://id.example.com#a', message: /no user information, query/ },
      { url: 'http://id.example.com', env: { SCOPEGATE_ALLOW_INSECURE_REQUESTS: 'yes' }, message: /must be 1/ },
      { url: 'http://id.example.com', args: ['--admin-url', 'http://a'], message: /SCOPEGATE_URL must be/ },
      { url: 'https://id.example.com', args: ['--admin-url', 'http://a'], message: /--admin-url must be/ },
      { url: 'http://id.example.com', env: { SCOPEGATE_ALLOW_INSECURE_REQUESTS: '1' } },
      { url: 'http://id.example.com', args: ['--allow-insecure-requests'] },
      { url: 'http://localhost:3000' },
      { url: 'https://id.example.com/t/acme/' },
    ]
    for (const { url, env = {}, args = [], message } of addresses) {
      it(`${message === undefined ? '' : 'not '}${url} ${JSON.stringify(env)} ${args.join(' ')}`, async () => {
        const fetch = message === undefined ? fakeServer(() => ({ body: EMPTY })).fetch : nothing
        const all = { ...ENV, SCOPEGATE_URL: url, ...env }
        const server = url.includes('/t/') ? (nothingBut(`${url}oauth/token`) as typeof globalThis.fetch) : fetch
        const { code, stderr } = await runCli(['apis', 'list', ...args], { env: all, fetch: server })
        if (message === undefined) expect({ code, stderr }).to.deep.equal({ code: 0, stderr: 'nothing found\n' })
        else expect({ code, matches: message.test(stderr) }, stderr).to.deep.equal({ code: 2, matches: true })
      })
    }

    function nothingBut(token: string) {
      return async (url: string) =>
        url === token ? Response.json({ access_token: 'a' }) : Response.json({ results: [], next: null })
    }

    const { SCOPEGATE_URL, SCOPEGATE_CLIENT_ID, SCOPEGATE_CLIENT_SECRET } = ENV
    const incomplete: Record<string, string>[] = [
      { SCOPEGATE_URL, SCOPEGATE_CLIENT_ID },
      { SCOPEGATE_URL, SCOPEGATE_CLIENT_SECRET },
      { SCOPEGATE_CLIENT_ID, SCOPEGATE_CLIENT_SECRET },
      { SCOPEGATE_URL, SCOPEGATE_CLIENT_ID, SCOPEGATE_CLIENT_SECRET: '' },
    ]
    for (const env of incomplete) {
      it(`not ${Object.keys(env).join(' and ')} alone`, async () => {
        const { code, stderr } = await runCli(['apis', 'list'], { env, fetch: nothing })
        expect(code).to.equal(2)
        expect(stderr).to.include('must be given together')
      })
    }
  })

  describe('use what login has kept', () => {
    let home: string
    let path: string
    const kept = { url: 'https://id.example.com', client_id: 'ops', client_secret: 'kept' }
    beforeEach(() => {
      home = mkdtempSync(join(tmpdir(), 'scopegate-config-'))
      path = join(home, 'scopegate', 'credentials.json')
    })
    afterEach(() => rmSync(home, { recursive: true }))

    function keep(text: string, mode = 0o600): void {
      mkdirSync(dirname(path), { mode: 0o700 })
      writeFileSync(path, text)
      chmodSync(path, mode)
    }

    const list = (env: Record<string, string> = {}, args: string[] = []) => {
      const { fetch, calls } = fakeServer(() => ({ body: EMPTY }))
      return runCli(['apis', 'list', ...args], { env: { XDG_CONFIG_HOME: home, ...env }, fetch }).then(result => ({
        ...result,
        calls: calls.length,
      }))
    }

    it('where nothing else is given', async () => {
      keep(JSON.stringify(kept))
      expect(await list()).to.include({ code: 0, calls: 1 })
      expect(await list({ SCOPEGATE_URL: 'https://id.example.com/' })).to.include({ code: 0 })
    })

    it('below HOME where XDG_CONFIG_HOME is not set, or not absolute', async () => {
      mkdirSync(join(home, '.config', 'scopegate'), { recursive: true })
      writeFileSync(join(home, '.config', 'scopegate', 'credentials.json'), JSON.stringify(kept), { mode: 0o600 })
      for (const base of ['', 'relative']) {
        expect(await list({ HOME: home, XDG_CONFIG_HOME: base })).to.include({ code: 0 })
      }
    })

    for (const [description, make] of [
      ['a pipe, which nobody writes into', () => execFileSync('mkfifo', ['-m', '600', path])],
      ['a folder', () => mkdirSync(path, { mode: 0o700 })],
    ] as const) {
      it(`not ${description}`, async function refuse() {
        if (process.platform === 'win32') this.skip() // it has neither modes nor named pipes in folders
        mkdirSync(dirname(path), { mode: 0o700 })
        make()
        const { code, stderr, calls } = await list()
        expect({ code, calls }).to.deep.equal({ code: 1, calls: 0 })
        expect(stderr).to.match(/is not a file\n$/)
      })
    }

    const refusals: {
      description: string
      text: string
      mode?: number
      env?: Record<string, string>
      message: RegExp
      code?: number
    }[] = [
      {
        description: 'a file that others can read',
        text: JSON.stringify(kept),
        mode: 0o640,
        message: /other users; run chmod 600/,
      },
      { description: 'a file that others can write', text: JSON.stringify(kept), mode: 0o602, message: /other users/ },
      { description: 'a file that is no JSON', text: '{', message: /is damaged; run scopegate login/ },
      {
        description: 'a file that lacks the secret',
        text: '{"url":"https://a","client_id":"b"}',
        message: /is damaged/,
      },
      {
        description: 'a very large file',
        text: JSON.stringify({ ...kept, x: 'x'.repeat(20_000) }),
        message: /is damaged/,
      },
      {
        description: 'a management API by http',
        text: JSON.stringify({ ...kept, admin_url: 'http://id.example.com' }),
        message: /the URL that scopegate login has kept must be an https URL/,
        code: 2,
      },
      {
        description: 'a server by http',
        text: JSON.stringify({ ...kept, url: 'http://id.example.com' }),
        message: /the URL that scopegate login has kept must be an https URL/,
        code: 2,
      },
      {
        description: 'a file for another server',
        text: JSON.stringify(kept),
        env: { SCOPEGATE_URL: 'https://evil.example' },
        message: /logged in at https:\/\/id\.example\.com, not at https:\/\/evil\.example; run scopegate login/,
      },
      {
        description: 'a file for another management API',
        text: JSON.stringify(kept),
        env: { SCOPEGATE_ADMIN_URL: 'https://evil.example' },
        message: /management API at https:\/\/id\.example\.com, not at https:\/\/evil\.example; run scopegate login/,
      },
      {
        description: 'a file for another path of its server',
        text: JSON.stringify({ ...kept, admin_url: 'https://id.example.com/admin' }),
        env: { SCOPEGATE_ADMIN_URL: 'https://id.example.com' },
        message: /management API at https:\/\/id\.example\.com\/admin, not at https:\/\/id\.example\.com; run/,
      },
    ]
    for (const { description, text, mode, env, message, code: expected = 1 } of refusals) {
      it(`but not ${description}`, async () => {
        keep(text, mode)
        const { code, stderr, calls } = await list(env)
        expect(stderr).to.match(message).and.not.include('kept"')
        expect({ code, calls }).to.deep.equal({ code: expected, calls: 0 })
      })
    }

    it('and say what to do where there is nothing', async () => {
      const { code, stderr } = await list()
      expect(code).to.equal(1)
      expect(stderr).to.match(/^scopegate: not logged in; run scopegate login, or set SCOPEGATE_URL/)
    })

    it('which logout removes', async () => {
      keep(JSON.stringify(kept))
      const env = { XDG_CONFIG_HOME: home }
      expect(await runCli(['logout'], { env })).to.deep.equal({ code: 0, stdout: '', stderr: 'logged out\n' })
      expect(readdirSync(dirname(path))).to.deep.equal([])
      expect((await runCli(['logout'], { env })).stderr).to.equal('nobody was logged in\n')
    })

    describe('from', () => {
      const token = fakeServer(() => ({})).fetch
      const secret = 'hush'
      const sources: {
        description: string
        args?: string[]
        env?: Record<string, string>
        input?: string
        isTerminal?: boolean
      }[] = [
        { description: 'options', args: ['--url', ENV.SCOPEGATE_URL, '--client-id', 'ops', '--client-secret', secret] },
        { description: 'the environment', env: { ...ENV, SCOPEGATE_CLIENT_SECRET: secret } },
        { description: 'standard input', input: `${ENV.SCOPEGATE_URL}/\nops\n${secret}\n` },
        { description: 'a file without the last line break', input: `${ENV.SCOPEGATE_URL}\r\nops\r\n${secret}` },
        { description: 'both', args: ['--url', ENV.SCOPEGATE_URL, '--client-id', 'ops'], input: secret },
        { description: 'a person', input: `${ENV.SCOPEGATE_URL}\nops\n${secret}\n`, isTerminal: true },
        {
          description: 'a person who is asked for the secret',
          args: ['--client-id', 'ops'],
          env: { SCOPEGATE_URL: ENV.SCOPEGATE_URL },
          input: `${secret}\n`,
          isTerminal: true,
        },
      ]
      for (const { description, args = [], env = {}, input = '', isTerminal = false } of sources) {
        it(`${description}, in a file of mode 600 in a folder of mode 700`, async () => {
          const options = { env: { XDG_CONFIG_HOME: home, ...env }, input, isTerminal, fetch: token }
          const { code, stdout, stderr } = await runCli(['login', ...args], options)
          expect(stderr).to.include(`logged in at https://id.example.com as ops; kept in ${path}`)
          expect(stderr + stdout).not.to.include(secret)
          expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '' })
          expect(JSON.parse(readFileSync(path, 'utf8'))).to.deep.equal({ ...kept, client_secret: secret })
          expect(statSync(path).mode & 0o777).to.equal(0o600)
          expect(statSync(dirname(path)).mode & 0o777).to.equal(0o700)
          expect(readdirSync(dirname(path))).to.deep.equal(['credentials.json'])
        })
      }

      it('one server after the other, closing what was open to others', async () => {
        keep(JSON.stringify(kept), 0o644)
        chmodSync(dirname(path), 0o755)
        const env = { XDG_CONFIG_HOME: home, ...ENV, SCOPEGATE_ADMIN_URL: 'https://id.example.com/admin' }
        expect((await runCli(['login'], { env, fetch: token })).code).to.equal(0)
        expect(statSync(path).mode & 0o777).to.equal(0o600)
        expect(statSync(dirname(path)).mode & 0o777).to.equal(0o700)
        const { fetch, calls } = fakeServer(() => ({ body: EMPTY }))
        expect((await runCli(['apis', 'list'], { env: { XDG_CONFIG_HOME: home }, fetch })).code).to.equal(0)
        expect(calls[0]?.target).to.match(/^\/admin\/apis\?/)
      })

      for (const { description, env } of [
        { description: 'a home where nothing can be made', env: { XDG_CONFIG_HOME: '', HOME: '/proc' } },
        { description: 'a folder where nothing can be made', env: { XDG_CONFIG_HOME: '/proc/a/b' } },
        { description: 'a folder below a file', env: { XDG_CONFIG_HOME: '/dev/null/a' } },
      ]) {
        it(`not in ${description}: one line, exit 1`, async () => {
          const { code, stdout, stderr } = await runCli(['login'], { env: { ...ENV, ...env }, fetch: token })
          expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
          expect(stderr).to.match(
            /^scopegate: \/(proc|dev)\/.*\/scopegate\/credentials\.json cannot be written: E[A-Z]+\n$/,
          )
        })
      }

      it('not where a file stands in the place of the folder, which stays as it is', async () => {
        const file = dirname(path)
        writeFileSync(file, 'mine', { mode: 0o640 })
        const { code, stderr } = await runCli(['login'], { env: { XDG_CONFIG_HOME: home, ...ENV }, fetch: token })
        expect({ code, stderr }).to.deep.equal({ code: 1, stderr: `scopegate: ${path} cannot be written: EEXIST\n` })
        expect(readFileSync(file, 'utf8')).to.equal('mine')
        expect(statSync(file).mode & 0o777).to.equal(0o640)
      })

      it('in a folder several levels of which are not there', async () => {
        const base = join(home, 'a', 'b')
        const { code } = await runCli(['login'], { env: { XDG_CONFIG_HOME: base, ...ENV }, fetch: token })
        expect(code).to.equal(0)
        for (const folder of [join(home, 'a'), base, join(base, 'scopegate')])
          expect(statSync(folder).mode & 0o777, folder).to.equal(0o700)
      })

      const failures: {
        description: string
        fetch?: typeof fetch
        input?: string
        code: number
        message: RegExp
        isTerminal?: boolean
      }[] = [
        {
          description: 'a server that gives no token',
          fetch: (async () => Response.json({ error: 'invalid_client' }, { status: 401 })) as typeof fetch,
          input: `${ENV.SCOPEGATE_URL}\nops\nhush\n`,
          ...{ code: 1, message: /invalid_client/ },
        },
        {
          description: 'an input that ends too early',
          input: `${ENV.SCOPEGATE_URL}\nops\n`,
          code: 2,
          message: /login needs/,
        },
        {
          description: 'a person who leaves',
          input: ENV.SCOPEGATE_URL,
          isTerminal: true,
          code: 1,
          message: /nothing was entered/,
        },
        { description: 'a URL that is none', input: 'id\nops\nhush', code: 2, message: /the URL must be an https URL/ },
      ]
      for (const { description, fetch = nothing, input = '', isTerminal = false, code, message } of failures) {
        it(`not ${description}: nothing is kept`, async () => {
          const options = { env: { XDG_CONFIG_HOME: home }, input, isTerminal, fetch }
          const result = await runCli(['login'], options)
          expect(result.stderr).to.match(message).and.not.include('hush')
          expect(result.code).to.equal(code)
          expect(readdirSync(home)).to.deep.equal([])
        })
      }
    })
  })
})
