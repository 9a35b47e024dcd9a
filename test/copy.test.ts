import { runInNewContext } from 'node:vm'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import { copyData } from '../lib/copy.js'

describe('copyData', () => {
  const values: { description: string; value: unknown }[] = [
    { description: 'a text', value: 'abc' },
    { description: 'null', value: null },
    { description: 'undefined', value: undefined },
    { description: 'a list of lists', value: [[1, [2]], []] },
    { description: 'members that are undefined', value: { a: undefined, b: { c: [undefined] } } },
    { description: 'dates', value: { at: new Date(1), list: [new Date(-1)] } },
    { description: 'a member of the name __proto__', value: JSON.parse('{ "__proto__": { "a": 1 } }') },
  ]
  for (const { description, value } of values) {
    it(`copies ${description}`, () => {
      const copy = copyData(value)
      expect(isDeepStrictEqual(copy, value)).to.equal(true)
      if (typeof value === 'object' && value !== null) expect(copy).not.to.equal(value)
    })
  }

  it('shares nothing that can be changed', () => {
    const value = { list: [{ a: 1 }], at: new Date(1) }
    const copy = copyData(value)
    copy.list[0] = { a: 2 }
    copy.at.setTime(2)
    expect(value).to.deep.equal({ list: [{ a: 1 }], at: new Date(1) })
  })

  it('makes what is of other globals its own', () => {
    const foreign: unknown = runInNewContext('({ list: [{ a: 1 }], at: new Date(1), none: Object.create(null) })')
    const own = { list: [{ a: 1 }], at: new Date(1), none: {} }
    expect(isDeepStrictEqual(foreign, own)).to.equal(false)
    expect(isDeepStrictEqual(copyData(foreign), own)).to.equal(true)
  })

  it('leaves alone what is no plain data', () => {
    const value = { map: new Map([[1, 2]]), call: () => 1, bytes: Buffer.from('a') }
    const copy = copyData(value)
    for (const name of ['map', 'call', 'bytes'] as const) expect(copy[name]).to.equal(value[name])
  })
})
