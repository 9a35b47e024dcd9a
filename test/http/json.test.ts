import { expect } from 'chai'
import { DuplicateMemberError, JsonLimitError, parseJson } from '../../lib/http/json.js'

const list = (length: number, item: string): string => `[${Array(length).fill(item).join(',')}]`
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const members = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"${i}":0`).join(',')}}`

const accepted = [
  '{}',
  '[]',
  'null',
  '""',
  '0',
  ' \t\r\n{ \t\r\n"a" \t\r\n: \t\r\n1 \t\r\n} \t\r\n',
  '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}',
  '{"a":"a","b":"a\\":1,\\"a"}',
  '{"":1}',
  '{"a:":"b,","c":"[{"}',
  '{"\\"":1,"\\\\":2,"\\\\\\"":3,"a\\\\":"\\\\"}',
  '{"ä":1,"a\\u0308":2,"😀":3}',
  '{"\\ud83d":1,"\\ude00":2}',
  '{"__proto__":{"a":1},"constructor":1,"toString":2,"length":3}',
  '[{"0":1,"1":2},{"length":0}]',
  `["${'\\"'.repeat(1000)}","${'\\\\'.repeat(1000)}","${'x'.repeat(1000)}\\"${'x'.repeat(1000)}"]`,
]

const duplicates = [
  '{"a":1,"a":1}',
  '{"a":1,"b":2,"a":3}',
  '{"a":1,"\\u0061":2}',
  '{"\\n":1,"\\u000a":2}',
  '{"😀":1,"\\ud83d\\ude00":2}',
  '{"":1,"":2}',
  '{"1":1,"1":2}',
  '{"__proto__":1,"__proto__":2}',
  '{"a":{"x":1,"y":2},"a":{"x":1,"y":2}}',
  '{"a":{"x":1,"x":2},"a":1}',
  '{"b":[0,{"a":1,"c":{"d":1,"d":1}}]}',
  '{"a" :1, "a"\t:2}',
  '{"a":"\\"","a":"\\\\"}',
]

const refused = [
  '',
  '{"a":1',
  '{"a":1,}',
  "{'a':1}",
  '{"a":"',
  '{"a":"\\',
  '{"a":1}}',
  '{"a":1} {"a":1}',
  '"'.repeat(999),
  '\\"',
  '[1,,2]',
  '{"a"::1}',
  'NaN',
  '\ufeff{}',
]

describe('JSON', () => {
  for (const text of accepted) {
    it(`reads ${JSON.stringify(text.slice(0, 60))}`, () => {
      expect(parseJson(text)).to.deep.equal(JSON.parse(text))
    })
  }

  for (const text of duplicates) {
    it(`finds the member named twice in ${text}`, () => {
      expect(() => parseJson(text)).to.throw(DuplicateMemberError)
    })
  }

  for (const text of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      expect(() => parseJson(text)).to.throw(SyntaxError)
    })
  }

  it('takes __proto__ for a member like any other', () => {
    const value = parseJson('{"__proto__":{"admin":true}}')
    expect(Object.keys(value as object)).to.deep.equal(['__proto__'])
    expect(value).not.to.have.property('admin')
  })

  const limits = [
    { what: 'levels', within: nested(32), beyond: nested(33) },
    { what: 'levels, not closed', within: nested(32), beyond: '['.repeat(1_000_000) },
    { what: 'members', within: members(10_000), beyond: members(10_001) },
    { what: 'members of many', within: list(10_000, '{"a":1}'), beyond: list(10_001, '{"a":1}') },
    { what: 'elements', within: list(249_999, '0'), beyond: list(250_000, '0') },
    { what: 'strings', within: list(249_999, '""'), beyond: list(250_000, '""') },
    { what: 'lists', within: list(124_999, '[]'), beyond: list(125_000, '[]') },
    { what: 'quotes', within: list(249_999, '""'), beyond: '"'.repeat(1_000_000) },
  ]
  for (const { what, within, beyond } of limits) {
    it(`has a limit of ${what}`, () => {
      expect(() => parseJson(within)).not.to.throw()
      expect(() => parseJson(beyond)).to.throw(JsonLimitError)
    })
  }

  it('finds in random texts what a walk member by member finds', () => {
    let seed = 1
    const random = (below: number): number => {
      seed = (seed * 48_271) % 0x7fff_ffff
      return seed % below
    }
    const names = ['a', 'b', '\\u0061', '\\"', '\\\\', '', 'ä', '__proto__', 'a:', '{', 'c', 'd', 'e']
    const name = (): string => `"${names[random(names.length)]}"`
    const value = (depth: number): string => {
      const kind = random(depth > 3 ? 2 : 4)
      if (kind === 0) return name()
      if (kind === 1) return String(random(100))
      const items = Array.from({ length: random(4) }, () => value(depth + 1))
      return kind === 2 ? `[${items.join(' , ')}]` : `{${items.map(item => `${name()} : ${item}`).join(',')}}`
    }
    let found = 0
    for (let i = 0; i < 5_000; i++) {
      const text = value(0)
      const expected = hasDuplicate(text)
      if (expected) {
        found++
        expect(() => parseJson(text), text).to.throw(DuplicateMemberError)
      } else {
        expect(parseJson(text), text).to.deep.equal(JSON.parse(text))
      }
    }
    expect(found).to.be.within(200, 4_800)
  })
})

/** Looks at every object of the text by itself. */
function hasDuplicate(text: string): boolean {
  const open: Set<string>[] = []
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') open.push(new Set())
    else if (token === '}' || token === ']') open.pop()
    else if (colon !== undefined) {
      const name: string = JSON.parse(token.slice(0, -colon.length))
      if (open.at(-1)?.has(name)) return true
      open.at(-1)?.add(name)
    }
  }
  return false
}
