import { expect } from 'chai'
import { Fingerprints } from './fingerprints.js'
import { type Channel, type Kind, Ledger } from './ledger.js'

const SECRET = 'sjHYTplpZy_wfuRnKrlSxGuPMvsRRaMdyjOEvARJ43w'
const OTHER = 'a7-Q2N6P1sXkLr0VbYw3_tFhZcGmDeJiUoKxSvWn5uE'
const SPACED = 'of several words, one of them-is-long-enough'
const PADDED = 'Qm9yZWQgYnkgdGhlIHdvcmxk+YWdhaW4/bmQgYWdhaW4uLg=='
const HEADER = 'eyJhbGciOiJSUzI1NiJ9'
const CLAIMS = 'eyJzdWIiOiJhZGEifQ'
const SIGNATURE = 'c2lnbmVkLWJ5LW5vYm9keS1hdC1hbGwtYW5kLW5vdy1pcw'
const TOKEN = `${HEADER}.${CLAIMS}.${SIGNATURE}`
const HANDLE = '01m8fn6vs44aa7sk4prr9m65c6'
const REFRESH = `${HANDLE}${SECRET}${SECRET.slice(0, 21)}`
const CLIENT = `cli_${HANDLE}`
const base64 = (text: string): string => Buffer.from(text).toString('base64')

function compare(value: string, text: string, order: 'before' | 'after', kind: Kind = 'client secret'): Ledger {
  const ledger = new Ledger(8, 8)
  if (order === 'after') ledger.logged('an event', text)
  ledger.secret(kind, value)
  if (order === 'before') ledger.logged('an event', text)
  return ledger
}

describe('the ledger of secrets', () => {
  const found = [
    { description: 'alone', value: SECRET, text: SECRET },
    { description: 'among words', value: SECRET, text: `no client "${SECRET}", (${OTHER}).` },
    { description: 'at the end of a sentence', value: SECRET, text: `It is ${SECRET}.` },
    { description: 'in a query', value: SECRET, text: `/callback?code=${SECRET}&state=x` },
    { description: 'in a path', value: SECRET, text: `GET /users/${SECRET}/keys` },
    { description: 'in JSON within JSON', value: SECRET, text: JSON.stringify({ msg: JSON.stringify({ a: SECRET }) }) },
    { description: 'in base64', value: SECRET, text: `Basic ${base64(`cli:${SECRET}`)}` },
    { description: 'in base64 within a query', value: SECRET, text: `?state=${base64(JSON.stringify([SECRET]))}&x` },
    { description: 'with signs of base64', value: PADDED, text: `secret=${PADDED}` },
    { description: 'with signs of base64, in a form', value: PADDED, text: `a=${encodeURIComponent(PADDED)}` },
    { description: 'twice in a form', value: PADDED, text: encodeURIComponent(`a=${encodeURIComponent(PADDED)}`) },
    { description: 'with blanks', value: SPACED, text: `secret=${SPACED}` },
    { description: 'a signed token', value: TOKEN, text: `Bearer ${TOKEN}` },
    { description: 'the signature of one', value: TOKEN, text: `signed: ${SIGNATURE}` },
    { description: 'a refresh token', value: REFRESH, text: `{"token":"${REFRESH}"}` },
    { description: 'a refresh token without its handle', value: REFRESH, text: REFRESH.slice(HANDLE.length) },
  ]
  for (const { description, value, text } of found) {
    for (const order of ['before', 'after'] as const) {
      it(`finds a value that it is told of ${order === 'before' ? 'before' : 'afterwards'}: ${description}`, () => {
        expect(compare(value, text, order).leaks).to.have.length.above(0)
      })
    }
  }

  const passed = [
    { description: 'another value', value: SECRET, text: OTHER },
    { description: 'the beginning of one', value: SECRET, text: SECRET.slice(0, -1) },
    { description: 'one that goes on', value: SECRET, text: `${SECRET}x` },
    { description: 'one in another case', value: SECRET, text: SECRET.toLowerCase() },
    { description: 'what any log may say', value: 'wrong', text: 'the secret is wrong' },
    { description: 'the header and the claims of a token', value: TOKEN, text: `${HEADER}.${CLAIMS}. ${CLAIMS}` },
    { description: 'the id of a grant', value: REFRESH, text: `gra_${HANDLE}` },
    { description: 'the id of a client that stood in the place of its secret', value: CLIENT, text: CLIENT },
    { description: 'a public key', value: SECRET, text: `{"kty":"RSA","n":"${OTHER}","e":"AQAB"}` },
  ]
  for (const { description, value, text } of passed) {
    for (const order of ['before', 'after'] as const) {
      it(`reports nothing, told ${order === 'before' ? 'before' : 'afterwards'}: ${description}`, () => {
        expect(compare(value, text, order).leaks).to.deep.equal([])
      })
    }
  }

  const keys = [
    { description: 'PEM', text: '-----BEGIN RSA PRIVATE KEY-----\nMIIE' },
    { description: 'JWK', text: `{"kty":"RSA","d":"${OTHER}"}` },
    { description: 'JWK in a line of JSON', text: JSON.stringify({ msg: JSON.stringify({ kty: 'RSA', d: OTHER }) }) },
  ]
  for (const { description, text } of keys) {
    it(`finds a private key that nobody has told it of: ${description}`, () => {
      expect(compare(SECRET, text, 'after').leaks.map(({ kind }) => kind)).to.deep.equal(['private key'])
    })
  }

  it('names what it is, where it was seen, and in which tests, and not the value', () => {
    const ledger = new Ledger(8, 8)
    const steps: [string, () => void][] = [
      ['one', () => ledger.secret('code', SECRET)],
      ['two', () => ledger.logged('standard error' satisfies Channel, `a ${SECRET}`)],
      ['three', () => ledger.logged('an event', SECRET)],
    ]
    for (const [test, step] of steps) {
      ledger.begin(test)
      step()
    }
    const shown = 'sjHY… (43 characters)'
    expect(ledger.leaks).to.deep.equal([
      { kind: 'code', channel: 'standard error', given: 'one', logged: 'two', shown },
    ])
    expect(ledger.counts).to.deep.equal({ secrets: 1, words: 1, passed: 0 })
  })

  it('counts the values that it cannot look for', () => {
    expect(compare('too short', 'too short', 'before').counts.passed).to.equal(1)
  })
})

describe('a map from hashes', () => {
  it('keeps the first mark of each, and says what is new', () => {
    const marks = new Fingerprints(3)
    // All of them begin at one slot.
    const hashes = [5, 13, 21, 2 ** 52 + 5]
    expect(hashes.map((hash, at) => marks.add(hash, at))).to.deep.equal([true, true, true, true])
    expect(marks.add(13, 9)).to.equal(false)
    expect(hashes.map(hash => marks.markOf(hash))).to.deep.equal([0, 1, 2, 3])
    expect(marks.markOf(29)).to.equal(undefined)
    expect(marks.size).to.equal(4)
  })

  it('says so when it is full', () => {
    const marks = new Fingerprints(2)
    for (let hash = 1; hash <= 4; hash++) {
      if (hash < 4) marks.add(hash, 0)
      else expect(() => marks.add(hash, 0)).to.throw('add a bit')
    }
  })
})
