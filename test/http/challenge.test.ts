import { expect } from 'chai'
import { formatChallenge } from '../../lib/http/challenge.js'
import { parseChallenges } from '../support/parse-challenges.js'

describe('challenge', () => {
  /** Any scope-token is printable ASCII without blank, `"` and `\\` (RFC 6749 §3.3); other texts come from configuration. */
  const texts = [
    'read:users',
    "!#$%&'()*+,-./:;<=>?@[]^_`{|}~",
    'a="b"',
    'Bearer realm=x',
    ', Basic realm="x"',
    '\\',
    '"',
    '\\"',
    '',
    'https://api.example.com/?a=1&b=2',
  ]
  for (const text of texts) {
    it(`of ${JSON.stringify(text)} is read as it was written`, () => {
      const written = formatChallenge('Bearer', { realm: text, scope: text, error: undefined })
      expect(parseChallenges(written)).to.deep.equal([{ scheme: 'Bearer', parameters: { realm: text, scope: text } }])
      const two = `${written}, ${formatChallenge('DPoP', { algs: text })}`
      expect(parseChallenges(two)).to.have.length(2)
    })
  }

  const unsafe = ['a\r\nSet-Cookie: x=1', 'a\nb', 'a\0b', 'é', '\u{1f600}', 'a\tb']
  for (const text of unsafe) {
    it(`of ${JSON.stringify(text)} carries nothing that a header may not`, () => {
      const written = formatChallenge('Bearer', { realm: text })
      expect(written).to.match(/^[\x20-\x7e]+$/)
      expect(parseChallenges(written)).to.have.length(1)
    })
  }

  it('without parameters is the scheme alone', () => {
    expect(parseChallenges(formatChallenge('Bearer', {}))).to.deep.equal([{ scheme: 'Bearer', parameters: {} }])
  })

  const odd = [
    '',
    'Bearer realm',
    'Bearer realm="a',
    'Bearer realm=a b',
    'Bearer realm="a" scope="b"',
    'Bearer a=1, a=2',
    ', Bearer',
  ]
  for (const text of odd) {
    it(`parser of these tests refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseChallenges(text)).to.throw(SyntaxError)
    })
  }
})
