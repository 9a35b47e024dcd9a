import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { type ResourceServerEvent, resourceServer, type ScopeClaim } from '../../lib/index.js'
import { type TestIssuer, testIssuer } from '../../lib/testing/index.js'
import { THROWN, WAYS, withoutStrays } from '../support/thrown.js'

const AUDIENCE = 'https://api.example.com'

interface Row {
  description: string
  scopeClaim: ScopeClaim
  claims: Record<string, unknown>
  /** Of `a` and `b`, what the token grants. */
  granted: ('a' | 'b')[]
}

const PATH = 'realm_access.roles'
const NAMESPACED = 'https://example.com/roles'
const BOTH = { all: ['permissions', 'scope'] }
const ofRoles: ScopeClaim = claims => claims['roles'] as string[]

const rows: Row[] = [
  { description: 'a claim as a text', scopeClaim: 'roles', claims: { roles: 'a  b' }, granted: ['a', 'b'] },
  { description: 'a claim as a list', scopeClaim: 'roles', claims: { roles: ['a'] }, granted: ['a'] },
  { description: 'an absent claim', scopeClaim: 'roles', claims: { scope: 'a b' }, granted: [] },
  { description: 'a claim that is null', scopeClaim: 'roles', claims: { roles: null }, granted: [] },
  { description: 'a claim that is an object', scopeClaim: 'roles', claims: { roles: { a: 'a' } }, granted: [] },
  { description: 'a claim of mixed types', scopeClaim: 'roles', claims: { roles: ['a', 1] }, granted: [] },
  { description: 'two scopes in one entry', scopeClaim: 'roles', claims: { roles: ['a b'] }, granted: [] },
  { description: 'an inherited name', scopeClaim: 'constructor', claims: {}, granted: [] },
  {
    description: 'a name with dots of a URL',
    scopeClaim: NAMESPACED,
    claims: { [NAMESPACED]: ['a'] },
    granted: ['a'],
  },
  { description: 'a path', scopeClaim: PATH, claims: { realm_access: { roles: ['a'] } }, granted: ['a'] },
  {
    description: 'a path to a text',
    scopeClaim: PATH,
    claims: { realm_access: { roles: 'a b' } },
    granted: ['a', 'b'],
  },
  {
    description: 'a member of the very name of the path',
    scopeClaim: PATH,
    claims: { [PATH]: ['b'], realm_access: { roles: ['a'] } },
    granted: ['b'],
  },
  {
    description: 'a member of the very name of the path, though it is of another type',
    scopeClaim: PATH,
    claims: { [PATH]: null, realm_access: { roles: ['a'] } },
    granted: [],
  },
  { description: 'a path that breaks off', scopeClaim: PATH, claims: { realm_access: {} }, granted: [] },
  { description: 'a path through a text', scopeClaim: 'x.length', claims: { x: 'a' }, granted: [] },
  { description: 'a path through a list', scopeClaim: 'x.0', claims: { x: [['a']] }, granted: [] },
  { description: 'a path through null', scopeClaim: PATH, claims: { realm_access: null }, granted: [] },
  { description: 'a path of inherited names', scopeClaim: 'x.constructor.name', claims: { x: {} }, granted: [] },
  {
    description: 'a path through a member with dots in its name',
    scopeClaim: 'resource_access.my.api.roles',
    claims: { resource_access: { 'my.api': { roles: ['a'] } } },
    granted: [],
  },
  {
    description: 'a list of claims, both there',
    scopeClaim: ['scp', 'roles'],
    claims: { scp: 'a', roles: ['b'] },
    granted: ['a', 'b'],
  },
  {
    description: 'a list of claims, one there',
    scopeClaim: ['scp', 'roles'],
    claims: { roles: ['b'] },
    granted: ['b'],
  },
  {
    description: 'a list of claims, one of another type',
    scopeClaim: ['scp', PATH],
    claims: { scp: 1, realm_access: { roles: ['a'] } },
    granted: ['a'],
  },
  { description: 'a list of claims, none there', scopeClaim: ['scp', 'roles'], claims: { scope: 'a' }, granted: [] },
  {
    description: 'what all of them name',
    scopeClaim: BOTH,
    claims: { permissions: ['a', 'c'], scope: 'a b' },
    granted: ['a'],
  },
  { description: 'all of them, one absent', scopeClaim: BOTH, claims: { permissions: ['a', 'b'] }, granted: [] },
  { description: 'all of them, the other absent', scopeClaim: BOTH, claims: { scope: 'a b' }, granted: [] },
  {
    description: 'all of them, one empty',
    scopeClaim: BOTH,
    claims: { permissions: [], scope: 'a b' },
    granted: [],
  },
  {
    description: 'all of them, one of another type',
    scopeClaim: BOTH,
    claims: { permissions: true, scope: 'a b' },
    granted: [],
  },
  { description: 'all of one', scopeClaim: { all: ['roles'] }, claims: { roles: ['b'] }, granted: ['b'] },
  {
    description: 'all of three',
    scopeClaim: { all: ['x', 'y', 'z'] },
    claims: { x: 'a b', y: 'b a', z: 'b' },
    granted: ['b'],
  },
  { description: 'a function that gives a list', scopeClaim: ofRoles, claims: { roles: ['a'] }, granted: ['a'] },
  { description: 'a function that gives a text', scopeClaim: () => 'a b', claims: {}, granted: ['a', 'b'] },
  { description: 'a function that gives nothing', scopeClaim: ofRoles, claims: { scope: 'a' }, granted: [] },
  {
    description: 'a function, for a member with dots in its name',
    scopeClaim: ({ resource_access: access }) => (access as { 'my.api': { roles: string[] } })['my.api'].roles,
    claims: { resource_access: { 'my.api': { roles: ['a'] } } },
    granted: ['a'],
  },
]

describe('option scopeClaim', () => {
  let issuer: TestIssuer
  before(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
  })

  async function statusesOf(scopeClaim: ScopeClaim, claims: Record<string, unknown>) {
    const events: ResourceServerEvent[] = []
    const onEvent = (event: ResourceServerEvent) => void events.push(event)
    const { requireScope } = resourceServer({ ...issuer.resourceServerOptions, scopeClaim, onEvent })
    const app = express()
      .get('/a', requireScope('a'), (_req, res) => void res.json({}))
      .get('/b', requireScope.any('x', 'b'), (_req, res) => void res.json({}))
    const authorization = await issuer.bearer({ claims })
    const statuses = []
    for (const path of ['/a', '/b']) statuses.push((await request(app).get(path).set({ authorization })).status)
    return { statuses, events }
  }

  for (const { description, scopeClaim, claims, granted } of rows) {
    it(`grants ${granted.join(' and ') || 'nothing'} by ${description}`, async () => {
      const { statuses, events } = await statusesOf(scopeClaim, claims)
      expect(statuses).to.deep.equal((['a', 'b'] as const).map(scope => (granted.includes(scope) ? 200 : 403)))
      expect(events.filter(({ type }) => type === 'scope_claim_failed')).to.deep.equal([])
    })
  }

  it('does not concern requirePermission', async () => {
    const { requirePermission } = resourceServer({ ...issuer.resourceServerOptions, scopeClaim: 'roles' })
    const app = express().get('/', requirePermission('a'), (_req, res) => void res.json({}))
    const call = async (claims: object) =>
      request(app)
        .get('/')
        .set('authorization', await issuer.bearer({ claims: { ...claims } }))
    expect((await call({ roles: ['a'] })).status).to.equal(403)
    expect((await call({ permissions: 'a' })).status).to.equal(200)
  })

  for (const [way, brokenBy] of Object.entries(WAYS)) {
    it(`grants nothing, and tells so, by a function that ${way}`, () =>
      withoutStrays(async () => {
        for (const value of Object.values(THROWN)) {
          const { statuses, events } = await statusesOf(brokenBy(value) as () => string, { scope: 'a b' })
          expect(statuses).to.deep.equal([403, 403])
          const told = events.filter(event => event.type === 'scope_claim_failed')
          expect(told).to.have.length(2)
          expect(told[0]).to.include({ issuer: issuer.issuer, kid: issuer.jwks().keys[0]?.kid })
          if (way === 'throws') expect(Object.is(told[0]?.cause, value)).to.equal(true)
          else expect(told[0]?.cause).to.be.instanceOf(TypeError)
        }
      }))
  }

  const answers = { 'a number': 1, null: null, 'a list of mixed types': ['a', 1], 'an object': { a: 'a' }, true: true }
  for (const [description, answer] of Object.entries(answers)) {
    it(`grants nothing, and tells so, by a function that gives ${description}`, async () => {
      const { statuses, events } = await statusesOf((() => answer) as unknown as ScopeClaim, { scope: 'a b' })
      expect(statuses).to.deep.equal([403, 403])
      expect(events.filter(({ type }) => type === 'scope_claim_failed')).to.have.length(2)
    })
  }

  const mistakes: Readonly<Record<string, unknown>> = {
    'an empty name': '',
    'an empty list': [],
    'a list with an empty name': ['scp', ''],
    'a list with a number': ['scp', 1],
    'a list in a list': [['scp']],
    'a list with a function': [() => 'a'],
    'an empty object': {},
    'all of nothing': { all: [] },
    'all of a text': { all: 'scope' },
    'all and more': { all: ['scope'], any: ['scp'] },
    'another word': { any: ['scope'] },
    null: null,
    'a number': 1,
    true: true,
  }
  for (const [description, scopeClaim] of Object.entries(mistakes)) {
    it(`is refused when the guard is built, where it is ${description}`, () => {
      const build = () =>
        resourceServer({ ...issuer.resourceServerOptions, scopeClaim: scopeClaim as unknown as ScopeClaim })
      expect(build)
        .to.throw(TypeError, 'scopeClaim')
        .with.property('code')
        .that.matches(/^ERR_INVALID_ARG_/)
    })
  }

  it('is copied', async () => {
    const names = ['scp']
    const { requireScope } = resourceServer({ ...issuer.resourceServerOptions, scopeClaim: names })
    names[0] = 'roles'
    const app = express().get('/', requireScope('a'), (_req, res) => void res.json({}))
    const authorization = await issuer.bearer({ claims: { roles: ['a'] } })
    await request(app).get('/').set({ authorization }).expect(403)
  })
})
