import { inspect } from 'node:util'
import { expect } from 'chai'
import { parseJson } from '../../lib/http/json.js'

describe('text that is not JSON', () => {
  for (const text of [
    'c3RvbGVu',
    '{"d":"c3RvbGVu',
    '["c3RvbGVu"',
    '{"d":"c3RvbGVu"} x',
    '{"c3RvbGVu"}',
    '"c3RvbGVu\n"',
  ]) {
    it(`is a SyntaxError that quotes nothing of ${JSON.stringify(text)}`, () => {
      let error: unknown
      try {
        parseJson(text)
      } catch (thrown) {
        error = thrown
      }
      expect(error).to.be.instanceOf(SyntaxError)
      expect(inspect(error, { showHidden: true, depth: 9 })).not.to.match(/c3R/)
    })
  }
})
