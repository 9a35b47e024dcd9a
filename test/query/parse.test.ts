import { expect } from 'chai'
import { ManagementError } from '../../lib/errors.js'
import { API_FIELDS } from '../../lib/query/fields.js'
import { parseQuery } from '../../lib/query/parse.js'
import { and, eq, type Filter, not } from '../../lib/query/tree.js'

const text = (value: string): Filter => ({ type: 'text', value })
const prefix = (path: string, value: string): Filter => ({ type: 'prefix', path, value })

describe('FaableQL', () => {
  const accepted: { query: string; filter: Filter }[] = [
    { query: '', filter: and() },
    { query: '   ', filter: and() },
    { query: 'name:x', filter: eq('name', 'x') },
    { query: 'name!:x', filter: not(eq('name', 'x')) },
    { query: 'name:x slug:y', filter: and(eq('name', 'x'), eq('slug', 'y')) },
    { query: 'identifier:https://api.example.com', filter: eq('identifier', 'https://api.example.com') },
    { query: 'permission:read:users', filter: eq('permissions.value', 'read:users') },
    { query: 'name:"a b"', filter: eq('name', 'a b') },
    { query: 'name:"a \\"b\\" \\\\"', filter: eq('name', 'a "b" \\') },
    { query: 'name:pre*', filter: prefix('name', 'pre') },
    { query: 'name!:pre*', filter: not(prefix('name', 'pre')) },
    { query: 'name:a*b', filter: eq('name', 'a*b') },
    { query: 'name:"pre*"', filter: eq('name', 'pre*') },
    { query: 'skip_consent:true', filter: eq('skip_consent', true) },
    { query: 'token_lifetime:3600', filter: eq('token_lifetime', 3600) },
    {
      query: 'token_lifetime:>=60',
      filter: { type: 'compare', operator: 'gte', path: 'token_lifetime', value: 60 },
    },
    {
      query: 'createdAt:<2026-01-31',
      filter: { type: 'compare', operator: 'lt', path: 'createdAt', value: new Date('2026-01-31T00:00:00Z') },
    },
    { query: 'createdAt:2026-01-31T12:00:00+01:00', filter: eq('createdAt', new Date('2026-01-31T11:00:00Z')) },
    { query: 'word', filter: text('word') },
    { query: '"two words"', filter: text('two words') },
    { query: '.*', filter: text('.*') },
    { query: "it's", filter: text("it's") },
  ]
  for (const { query, filter } of accepted) {
    it(`reads ${JSON.stringify(query)}`, () => expect(parseQuery(query, API_FIELDS)).to.deep.equal(filter))
  }

  const refused: { query: string; position: number }[] = [
    { query: 'colour:red', position: 0 },
    { query: 'name:x colour:red', position: 7 },
    { query: '__proto__:x', position: 0 },
    { query: 'constructor:x', position: 0 },
    { query: 'account:acme', position: 0 },
    { query: '_search:x', position: 0 },
    { query: 'https://x', position: 0 },
    { query: 'name:', position: 0 },
    { query: '  name:""', position: 2 },
    { query: 'name:*', position: 0 },
    { query: 'name:"open', position: 0 },
    { query: 'a "open', position: 2 },
    { query: 'name:"a"b', position: 0 },
    { query: '"a"b', position: 0 },
    { query: 'na"me', position: 0 },
    { query: 'name:a"b', position: 0 },
    { query: 'name:"\\n"', position: 0 },
    { query: 'name:>a', position: 0 },
    { query: 'skip_consent:>true', position: 0 },
    { query: 'skip_consent:yes', position: 0 },
    { query: 'skip_consent:TRUE', position: 0 },
    { query: 'skip_consent:t*', position: 0 },
    { query: 'token_lifetime:abc', position: 0 },
    { query: 'token_lifetime:0x10', position: 0 },
    { query: 'token_lifetime:1e999', position: 0 },
    { query: 'token_lifetime:>', position: 0 },
    { query: 'token_lifetime:=>5', position: 0 },
    { query: 'createdAt:2026-02-30', position: 0 },
    { query: 'createdAt:2026-13-01', position: 0 },
    { query: 'createdAt:yesterday', position: 0 },
    { query: 'createdAt:2026-01-31T12:00:00', position: 0 },
    { query: 'a\u0000b', position: 0 },
    { query: 'x a\u0000b', position: 2 },
    { query: ' \t ', position: 1 },
    { query: 'x\tname:a', position: 0 },
    { query: 'x name:a\u007f', position: 2 },
    { query: 'x name:"a b\u0085"', position: 2 },
    { query: 'x'.repeat(4097), position: 0 },
    { query: Array(51).fill('x').join(' '), position: 100 },
  ]
  for (const { query, position } of refused) {
    it(`refuses ${JSON.stringify(query.slice(0, 40))} at ${position}`, () => {
      expect(() => parseQuery(query, API_FIELDS))
        .to.throw(ManagementError)
        .that.deep.includes({ errorCode: 'invalid_query', details: { position } })
    })
  }
})
