import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { GUARD_DETAILS } from '../../../lib/details.js'
import { REASONS } from '../../../lib/cli/commands/verify/reasons.js'
import { readRefusal, TOKEN_CHECKS } from '../../../lib/resource-server/contract/checks.js'
import { type TestIssuer, testIssuer } from '../../../lib/testing/index.js'
import { runCli } from '../../support/cli.js'

const AUDIENCE = 'https://api.example.com'

/** What is changed of a good token, or of what is demanded. */
interface Fault {
  /** The check that must fail. */
  check: string
  detail: string
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  /** Of the token that was signed. */
  change?: (token: string) => string
  args?: string[]
}

/** When this file was loaded: the tests run minutes later. */
const now = Math.floor(Date.now() / 1000)
const part = (index: number, text: string) => (token: string) =>
  token.split('.').with(index, Buffer.from(text).toString('base64url')).join('.')

const faults: Fault[] = [
  { check: 'presentation', detail: 'no_token', change: () => '' },
  { check: 'presentation', detail: 'token_characters', change: token => `${token} x` },
  { check: 'parts', detail: 'too_long', change: token => token + 'x'.repeat(16_385) },
  { check: 'parts', detail: 'not_three_parts', change: token => `${token}.x` },
  { check: 'encoding', detail: 'base64url', change: token => `${token}=` },
  { check: 'encoding', detail: 'not_json', change: part(0, 'abc') },
  { check: 'encoding', detail: 'not_json', change: part(1, 'abc') },
  { check: 'encoding', detail: 'not_an_object', change: part(1, '[]') },
  { check: 'algorithm', detail: 'algorithm', header: { alg: 'none' } },
  { check: 'algorithm', detail: 'algorithm', header: { alg: 'HS256' } },
  { check: 'algorithm', detail: 'algorithm', args: ['--algorithm', 'ES256'] },
  { check: 'extensions', detail: 'critical', header: { crit: ['x'] } },
  { check: 'key id', detail: 'kid', header: { kid: 1 } },
  { check: 'type', detail: 'type', header: { typ: 'dpop+jwt' } },
  { check: 'type', detail: 'type', header: { typ: 'JWT' }, args: ['--strict'] },
  { check: 'issuer', detail: 'issuer', claims: { iss: 'https://other.example' } },
  { check: 'issuer', detail: 'issuer', claims: { iss: undefined } },
  { check: 'key', detail: 'key', header: { kid: 'another' } },
  { check: 'signature', detail: 'signature', change: part(2, 'x'.repeat(256)) },
  { check: 'kind', detail: 'not_an_access_token', claims: { token_use: 'id' } },
  { check: 'expiry', detail: 'exp', claims: { exp: undefined } },
  { check: 'expiry', detail: 'expired', claims: { exp: now - 60, iat: now - 120 } },
  { check: 'start', detail: 'nbf', claims: { nbf: 'now' } },
  { check: 'start', detail: 'iat', claims: { iat: 'now' } },
  { check: 'start', detail: 'not_yet_valid', claims: { nbf: now + 86_400, exp: now + 90_000 } },
  { check: 'audience', detail: 'audience', claims: { aud: 'https://other.example' } },
  { check: 'required claims', detail: 'required_claim', args: ['--require-claim', 'org'] },
  { check: 'required claims', detail: 'required_claim', claims: { sub: undefined }, args: ['--strict'] },
  { check: 'claims', detail: 'claim', claims: { level: 1 }, args: ['--claim', 'level="1"'] },
  { check: 'binding', detail: 'bound_token_as_bearer', claims: { cnf: { jkt: 'x' } } },
  { check: 'scope', detail: 'scope_missing', args: ['--scope', 'read:users delete:users'] },
]

interface Line {
  check: string
  state: 'ok' | 'failed' | 'not_checked'
  detail?: string
  reason?: string
}

describe('scopegate verify', () => {
  let issuer: TestIssuer
  before(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
  })

  async function tokenWith(...all: Pick<Fault, 'header' | 'claims' | 'change'>[]): Promise<string> {
    const merge = (member: 'header' | 'claims') => Object.assign({}, ...all.map(fault => fault[member]))
    const token = await issuer.token({
      scope: 'read:users write:users',
      header: merge('header'),
      claims: merge('claims'),
    })
    return all.reduce((changed, { change = (text: string) => text }) => change(changed), token)
  }

  async function verify(token: string, args: string[] = []): Promise<{ code: number; lines: Line[]; stderr: string }> {
    const common = ['--issuer', issuer.issuer, '--audience', AUDIENCE, '--scope', 'read:users']
    const all = ['verify', '-', ...common, ...args, '--json']
    const { fetch } = issuer.resourceServerOptions
    const { code, stdout, stderr } = await runCli(all, { input: `${token}\n`, ...(fetch && { fetch }) })
    const { checks, good } = JSON.parse(stdout)
    expect(good).to.equal(code === 0)
    return { code, lines: checks, stderr }
  }

  it('finds nothing wrong with a good token, and says what nobody asked for', async () => {
    const { code, lines, stderr } = await verify(await tokenWith())
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(lines.map(({ check }) => check)).to.deep.equal(TOKEN_CHECKS.map(({ name }) => name))
    expect(lines.filter(({ state }) => state !== 'ok').map(({ check }) => check)).to.deep.equal([
      'required claims',
      'claims',
    ])
  })

  for (const fault of faults) {
    const { check, detail, args = [] } = fault
    it(`names the check that fails: ${check} (${detail}${args.length === 0 ? '' : `, ${args.join(' ')}`})`, async () => {
      const { code, lines } = await verify(await tokenWith(fault), args)
      expect(code).to.equal(1)
      const failed = lines.filter(({ state }) => state === 'failed')
      expect(failed.map(line => [line.check, line.detail])).to.deep.equal([[check, detail]])
      expect(failed[0]?.reason).to.match(/\S/)
    })
  }

  /** What a fault changes: of two that change the same, the second would undo the first. */
  const membersOf = ({ header = {}, claims = {}, change }: Fault): string[] => [
    ...Object.keys({ ...header, ...claims }),
    ...(change === undefined ? [] : ['the token']),
  ]

  it('never says of a check that it holds where it does not, whatever else is wrong', async () => {
    for (const [at, one] of faults.entries()) {
      for (const other of faults.slice(at + 1)) {
        if (one.check === other.check || membersOf(one).some(name => membersOf(other).includes(name))) continue
        const { lines } = await verify(await tokenWith(one, other), [...(one.args ?? []), ...(other.args ?? [])])
        const ok = lines.filter(({ state }) => state === 'ok').map(({ check }) => check)
        const title = `${one.detail} and ${other.detail}`
        expect(ok, title).not.to.include(one.check).and.not.include(other.check)
        expect(
          lines.some(({ state }) => state === 'failed'),
          title,
        ).to.equal(true)
      }
    }
  })

  it('finds every failure that does not rest on another', async () => {
    const token = await tokenWith({ claims: { exp: now - 60, iat: now - 90, aud: 'x' }, header: { typ: 'JWT' } })
    const { lines } = await verify(token, [
      '--strict',
      '--require-claim',
      'org',
      '--claim',
      'level=2',
      '--scope',
      'a:b',
    ])
    expect(lines.filter(({ state }) => state === 'failed').map(({ check }) => check)).to.deep.equal([
      ...['type', 'expiry', 'audience', 'required claims', 'claims', 'scope'],
    ])
    expect(lines.find(({ check }) => check === 'signature')?.state).to.equal('ok')
  })

  const never: { description: string; claims: Record<string, unknown>; failed: string }[] = [
    { description: 'begins after it ends', claims: { exp: now + 86_400, nbf: now + 90_000 }, failed: 'start' },
    { description: 'ended before it began', claims: { exp: now - 60, iat: now - 10, nbf: now - 20 }, failed: 'expiry' },
  ]
  for (const { description, claims, failed } of never) {
    it(`says of a token that ${description} only what is wrong with it now`, async () => {
      const { code, lines } = await verify(await tokenWith({ claims }))
      expect(code).to.equal(1)
      expect(lines.filter(({ state }) => state === 'failed').map(({ check }) => check)).to.deep.equal([failed])
    })
  }

  it('knows every check of a guard, in the order in which it makes them', () => {
    const known = TOKEN_CHECKS.flatMap(({ details }) => details)
    /** What comes of the request, of proofs of possession, or of what is asked of others. */
    const outside =
      /^(dpop_|several_auth|credential_in|form_token|no_credential|other_scheme|revo|inactive|client_del|authorization_ended|api_del|claims_|introspection_|replay_|store_)/
    expect(GUARD_DETAILS.filter(detail => !outside.test(detail))).to.have.members(known)
    expect(Object.keys(REASONS)).to.have.members(known)
    for (const { until } of TOKEN_CHECKS) if (until) expect(TOKEN_CHECKS.map(({ name }) => name)).to.include(until)
    const covered = new Set(faults.map(({ detail }) => detail))
    // The first needs an option of guards, the second no blank, the third keys that cannot be had, the last a function.
    const elsewhere = ['tenant', 'no_blank_after_scheme', 'keys_unavailable', 'scope_malformed']
    expect([...covered, ...elsewhere]).to.have.members(known)
    expect(readRefusal('dpop_htu')).to.equal(undefined)
    expect(readRefusal(undefined)).to.equal(undefined)
  })

  it('fetches metadata and keys alone, and sends the token nowhere', async () => {
    const token = await tokenWith()
    const seen: string[] = []
    const { fetch = globalThis.fetch } = issuer.resourceServerOptions
    const watched = ((url: string, init?: RequestInit) => {
      seen.push(JSON.stringify([url, init?.method, init?.body, init?.headers]))
      return fetch(url, init)
    }) as typeof globalThis.fetch
    const { code } = await runCli(['verify', token, '--issuer', issuer.issuer], { fetch: watched })
    expect(code).to.equal(0)
    expect(seen).to.have.length.within(1, 3)
    for (const request of seen) {
      expect(request).to.match(/^\["https:\/\/issuer-\d+\.test\/(\.well-known\/|jwks)/)
      for (const piece of token.split('.')) expect(request).not.to.include(piece)
    }
  })

  it("takes the token's own issuer where none is given, and says that it proves nothing", async () => {
    const { fetch = globalThis.fetch } = issuer.resourceServerOptions
    const { code, stdout, stderr } = await runCli(['verify', await tokenWith()], { fetch })
    expect(code).to.equal(0)
    expect(stderr).to.equal(`no --issuer: taken from the token, ${issuer.issuer}; that is no proof of who issued it\n`)
    expect(stdout)
      .to.match(/^- {4}issuer +https:\S+ {2}\(no --issuer\)$/m)
      .and.match(/^ok {3}signature$/m)
    expect(stdout).to.match(/^- {4}audience +https:\S+ {2}\(no --audience\)$/m)
  })

  const unfetchable = [
    'http://10.0.0.1',
    'file:///etc/passwd',
    'https://a/{tenantid}',
    'https://u@a',
    'a',
    1,
    '\u001b[2J',
  ]
  for (const iss of unfetchable) {
    it(`fetches nothing from the issuer ${JSON.stringify(iss)} that a token names`, async () => {
      const fetch = (() => {
        throw new Error('something was fetched')
      }) as unknown as typeof globalThis.fetch
      const { code, stdout, stderr } = await runCli(['verify', await tokenWith({ claims: { iss } })], { fetch })
      expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' })
      expect(stdout).to.match(/^FAIL issuer .*iss is no URL where keys could be fetched: give --issuer$/m)
      expect(stdout).not.to.include('\u001b')
    })
  }

  it('takes a key set from a file, and then fetches nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scopegate-verify-'))
    const file = join(folder, 'jwks.json')
    writeFileSync(file, JSON.stringify(issuer.jwks()))
    const fetch = (() => {
      throw new Error('something was fetched')
    }) as unknown as typeof globalThis.fetch
    const args = ['--issuer', issuer.issuer, '--jwks', file]
    const check = async (token: string) => {
      const { code, stdout } = await runCli(['verify', token, ...args], { fetch })
      return [code, ...(/^FAIL (\w+)/m.exec(stdout)?.slice(1) ?? [])]
    }
    expect(await check(await tokenWith())).to.deep.equal([0])
    expect(await check(await tokenWith({ header: { kid: 'another' } }))).to.deep.equal([1, 'key'])
    const foreign = await testIssuer({ audience: AUDIENCE, issuer: issuer.issuer })
    const { kid } = issuer.jwks().keys[0] ?? {}
    expect(await check(await foreign.token({ header: { kid } }))).to.deep.equal([1, 'signature'])
    writeFileSync(file, '{"key":[]}')
    expect((await runCli(['verify', 'x', ...args], { fetch })).code).to.equal(2)
    rmSync(folder, { recursive: true })
  })

  it('says why the keys cannot be had', async () => {
    const reasons: [typeof globalThis.fetch, RegExp][] = [
      [
        (async () => new Response('', { status: 500 })) as typeof globalThis.fetch,
        /cannot be fetched: status 500|no_metadata/,
      ],
      [(async () => Promise.reject(new Error('x'))) as typeof globalThis.fetch, /cannot be fetched: network/],
    ]
    for (const [fetch, reason] of reasons) {
      const { code, stdout } = await runCli(['verify', await tokenWith(), '--issuer', issuer.issuer], { fetch })
      expect(code).to.equal(1)
      expect(stdout)
        .to.match(/^FAIL key +keys_unavailable: /m)
        .and.match(reason)
      expect(stdout).to.match(/^- {4}signature$/m)
    }
  })

  it('marks what holds and what does not for people', async () => {
    const { fetch = globalThis.fetch } = issuer.resourceServerOptions
    const args = ['verify', await tokenWith(), '--issuer', issuer.issuer, '--audience', 'x']
    const { stdout } = await runCli(args, { fetch, isTerminal: true })
    expect(stdout)
      .to.match(/^✓ signature$/m)
      .and.match(/^✗ audience +https:\S+ {2}audience: aud names none/m)
    expect(stdout).to.match(/^– claims {10}\(no --claim\)$/m)
  })
})
