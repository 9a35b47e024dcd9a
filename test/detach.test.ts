import { expect } from 'chai'
import { detach } from '../lib/detach.js'

describe('a detached text', () => {
  for (const text of ['', 'abc', 'ü', 'ÿĀ', '€', '\u0000', '😀', '\ud800', `${'x'.repeat(100_000)}\udfff`]) {
    it(`is the same: ${JSON.stringify(text.slice(-12))}`, () => expect(detach(text)).to.equal(text))
  }
})
