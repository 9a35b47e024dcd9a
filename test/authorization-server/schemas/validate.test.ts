import { expect } from 'chai'
import { ManagementError, type ValidationIssue } from '../../../lib/errors.js'
import { validateApiCreation, validateApiUpdate } from '../../../lib/authorization-server/schemas/api.js'
import { validateClientCreation, validateClientUpdate } from '../../../lib/authorization-server/schemas/client.js'
import type { Validate } from '../../../lib/authorization-server/schemas/validate.js'

function issuesOf(validate: Validate, body: object): ValidationIssue[] {
  try {
    validate(body)
  } catch (error) {
    if (error instanceof ManagementError) return error.details.issues ?? []
    throw error
  }
  return []
}

const many = <T>(length: number, make: (at: number) => T): T[] => Array.from({ length }, (_, at) => make(at))
const unknown = (length: number): object => Object.fromEntries(many(length, at => [`m${at}`, at]))

/** Counts what is looked at: every member that is read. */
function watched(list: unknown[]): { list: unknown[]; reads: () => number } {
  let reads = 0
  const proxy = new Proxy(list, {
    get(target, name, receiver) {
      reads++
      return Reflect.get(target, name, receiver)
    },
  })
  return { list: proxy, reads: () => reads }
}

describe('validation of bodies', () => {
  const floods: { description: string; validate: Validate; body: object }[] = [
    {
      description: 'a million numbers as permissions',
      validate: validateApiUpdate,
      body: { permissions: many(1_000_000, () => 0) },
    },
    {
      description: 'a thousand numbers as permissions',
      validate: validateApiUpdate,
      body: { permissions: many(1_000, () => 0) },
    },
    { description: '150 000 unknown members', validate: validateApiCreation, body: unknown(150_000) },
    {
      description: 'a thousand permissions of 100 unknown members each',
      validate: validateApiUpdate,
      body: { permissions: many(1_000, () => ({ value: 'a', ...unknown(100) })) },
    },
    {
      description: 'a hundred grants of a thousand numbers each',
      validate: validateClientUpdate,
      body: { api_grants: many(100, at => ({ audience: `urn:a:b${at}`, scope: many(1_000, () => 0) })) },
    },
    {
      description: 'a hundred grants of a thousand scopes, one of them twice',
      validate: validateClientUpdate,
      body: { api_grants: many(100, at => ({ audience: `urn:a:b${at}`, scope: [...many(999, i => `s${i}`), 's0'] })) },
    },
    {
      description: 'a million grant types',
      validate: validateClientCreation,
      body: { name: 'a', grant_types: many(1_000_000, at => `g${at}`) },
    },
    {
      description: 'a million callbacks',
      validate: validateClientUpdate,
      body: { callbacks: many(1_000_000, at => `https://a.example/${at}`) },
    },
  ]
  for (const { description, validate, body } of floods) {
    it(`names 100 faults at most: ${description}`, () => {
      const issues = issuesOf(validate, body)
      expect(issues.length).to.be.within(1, 100)
      expect(JSON.stringify(issues).length).to.be.below(20_000)
    })
  }

  it('looks at no more once it has a hundred', () => {
    const { list, reads } = watched(many(1_000, () => 0))
    expect(issuesOf(validateApiUpdate, { permissions: list })).to.have.length(100)
    expect(reads()).to.be.below(1_500)
  })

  it('does not look at the elements of a list that is too long', () => {
    const { list, reads } = watched(many(100_000, () => ({ value: 'a' })))
    expect(issuesOf(validateApiUpdate, { permissions: list })).to.have.length(1)
    expect(reads()).to.be.below(3_000)
  })

  const rows: { description: string; validate: Validate; body: object; paths: string[] }[] = [
    {
      description: 'faults at every depth',
      validate: validateApiCreation,
      body: {
        name: '',
        identifier: 'x',
        colour: 1,
        permissions: [{ value: 'a b' }, 7, { value: 'c', x: 1, description: 2 }],
      },
      paths: [
        'name',
        'identifier',
        'colour',
        'permissions[0].value',
        'permissions[1]',
        'permissions[2].x',
        'permissions[2].description',
      ],
    },
    {
      description: 'a value named twice beside another fault',
      validate: validateApiUpdate,
      body: { permissions: [{ value: 'a' }, { value: 'a', x: 1 }] },
      paths: ['permissions', 'permissions[1].x'],
    },
    {
      description: 'a text named twice',
      validate: validateClientUpdate,
      body: { callbacks: ['a://b', 'a://b'] },
      paths: ['callbacks'],
    },
    {
      description: 'what is missing',
      validate: validateClientUpdate,
      body: { api_grants: [{}] },
      paths: ['api_grants[0].audience', 'api_grants[0].scope'],
    },
    {
      description: 'a member called as no other',
      validate: validateApiUpdate,
      body: JSON.parse('{"__proto__":1}'),
      paths: ['__proto__'],
    },
    {
      description: 'a nested object',
      validate: validateClientUpdate,
      body: { refresh_token: { token_lifetime: 'x', y: 1 } },
      paths: ['refresh_token.token_lifetime', 'refresh_token.y'],
    },
  ]
  for (const { description, validate, body, paths } of rows) {
    it(`names ${description}`, () => {
      const issues = issuesOf(validate, body)
      expect([...new Set(issues.map(({ path }) => path))]).to.have.members(paths)
    })
  }

  it('tells read-only members of the body from unknown ones, and from members of that name deeper down', () => {
    const issues = issuesOf(validateApiUpdate, { id: 'x', colour: 1, permissions: [{ value: 'a', id: 'x' }] })
    expect(Object.fromEntries(issues.map(({ path, message }) => [path, message]))).to.deep.equal({
      id: 'is read-only',
      colour: 'is not a known field',
      'permissions[0].id': 'is not a known field',
    })
  })
})
