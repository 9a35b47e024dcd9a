import { expect } from 'chai'
import { runCli } from '../../support/cli.js'
import { type ManagedServer, managedServer } from '../../support/managed-server.js'

describe('scopegate, of a server that runs', () => {
  let server: ManagedServer
  before(async () => {
    server = await managedServer()
  })
  after(() => server.stop())

  const sg = (...args: string[]) => runCli(args, { env: server.env })

  async function json(...args: string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await sg(...args, '--json')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    return JSON.parse(stdout)
  }

  async function keys(): Promise<Map<string, string>> {
    const { results } = await json('keys', 'list')
    return new Map((results as { kid: string; state: string }[]).map(({ kid, state }) => [state, kid]))
  }

  it('rotates and deletes keys', async () => {
    const before = await keys()
    const next = before.get('next') ?? ''
    const early = await sg('keys', 'rotate')
    expect(early.code === 0 || /^scopegate: 409 too_early: .*; try again in \d+ s\n$/.test(early.stderr)).to.equal(true)
    if (early.code === 1) expect((await sg('keys', 'rotate', '--force')).code).to.equal(0)
    expect((await keys()).get('current')).to.equal(next)
    const kept = await sg('keys', 'rm', next, '--yes')
    expect(kept.code).to.equal(1)
    expect(kept.stderr).to.match(/^scopegate: 409 key_in_use: /)
    expect((await sg('keys', 'rm', next, '--yes', '--replace')).code).to.equal(0)
    expect([...(await keys()).values()]).not.to.include(next)
  })

  it('previews tokens, and says what a change would do, without doing it', async () => {
    const args = ['--name', 'A', '--identifier', 'https://api.example.com', '--permission', 'a:b']
    const id = String((await json('apis', 'create', ...args))['id'])
    const client = String((await json('clients', 'create', '--name', 'C'))['client_id'])
    const preview = await json('apis', 'preview', id, '--client', client, '--scope', 'a:b x:y')
    expect(preview).to.deep.include({ granted: true, dropped: [{ scope: 'x:y', reason: 'not_in_catalogue' }] })
    expect((await sg('apis', 'preview', id, '--client', 'nobody')).stderr).to.match(/^scopegate: 404 not_found: /)
    const would = { permissions_removed: ['a:b'] }
    expect((await json('apis', 'update', id, '--set', 'permissions=[]', '--dry-run'))['would']).to.deep.include(would)
    expect((await json('apis', 'rm', id, '--dry-run'))['would']).to.deep.include(would)
    expect((await json('clients', 'rm', client, '--dry-run'))['would']).to.be.an('object')
    expect((await json('apis', 'get', id))['permissions']).to.deep.equal([{ value: 'a:b' }])
    expect(await sg('clients', 'get', client)).to.include({ code: 0 })
    expect((await json('apis', 'usage', id))['results']).to.deep.equal([{ value: 'a:b', granted: 0 }])
  })

  it('reads the log', async () => {
    await json('apis', 'create', '--name', 'L', '--identifier', 'urn:test:log')
    let found: Record<string, unknown>[] = []
    // It is written behind the answer.
    while (found.length === 0) {
      found = (await json('logs', 'list', '--query', 'type:api.created', '--limit', '1'))['results'] as typeof found
    }
    const [entry = {}] = found
    expect(entry).to.include({ type: 'api.created', actor: server.env['SCOPEGATE_CLIENT_ID'] })
    expect(await json('logs', 'get', String(entry['id']))).to.deep.equal(entry)
  })
})
