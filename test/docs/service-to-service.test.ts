import { expect } from 'chai'
import * as errors from '../../lib/client/errors.js'
import { codesIn, readPage, rowsOf, sectionOf } from '../support/docs.js'
import { sources } from '../support/sources.js'

const page = readPage('service-to-service.md')
const named = (section: string): string[] => rowsOf(section).flatMap(([cell = '']) => codesIn(cell))

/** The members of an interface, from its source. */
function membersOf(name: string): string[] {
  const source = sources.find(({ file }) => file === 'client/options.ts')?.text ?? ''
  const [text = ''] = new RegExp(`^export interface ${name} {[\\s\\S]*?^}`, 'm').exec(source) ?? []
  return [...text.matchAll(/^ {2}(\w+)\??: /gm)].map(([, member = '']) => member)
}

describe('docs/service-to-service.md', () => {
  for (const [heading, type] of [
    ['# Service to service', 'TokenClientOptions'],
    ['## getAccessToken', 'TokenRequest'],
  ] as const) {
    it(`has a row for every member of ${type}`, () => {
      const [section = ''] = sectionOf(page, heading).split('\n## ')
      expect(named(section)).to.have.members(membersOf(type)).and.to.have.length.above(2)
    })
  }

  const made = [
    new errors.TokenRefusedError(401, 'invalid_client'),
    new errors.TokenUnavailableError('timeout', 1),
    new errors.TokenResponseError('invalid'),
  ]
  const rows = rowsOf(sectionOf(page, '## When the issuer fails'))

  it('has a row for every class', () => {
    const classes = Object.keys(errors).filter(name => name !== 'TokenClientError')
    expect(rows.map(([name = '']) => codesIn(name)[0])).to.have.members(classes)
    expect(made.map(({ name }) => name)).to.have.members(classes)
  })

  for (const error of made) {
    it(`says code and members of ${error.name}`, () => {
      const [, code = '', , members = ''] = rows.find(([name]) => name === `\`${error.name}\``) ?? []
      expect(codesIn(code)).to.deep.equal([error.code])
      const own = Object.keys(error).filter(name => name !== 'code')
      expect(codesIn(members)).to.include.members(own)
    })
  }

  it('names every code of ours that stands in detail', () => {
    const details = sources
      .filter(({ file }) => file.startsWith('client/'))
      .flatMap(({ text }) => [...text.matchAll(/new IssuerFault\('\w+', '(\w+)'/g)].map(([, detail = '']) => detail))
    expect(new Set(details)).to.have.property('size').above(3)
    expect(codesIn(sectionOf(page, '## When the issuer fails'))).to.include.members(details)
  })

  it('says the bounds that the sources have', () => {
    const source = sources.filter(({ file }) => file.startsWith('client/')).map(({ text }) => text)
    for (const [bound, words] of [
      ['MAX_TOKENS = 1_000', '1 000 tokens'],
      ['MAX_SIZE = 8_388_608', '8 MiB'],
      ['MAX_BYTES = 262_144', '256 KiB'],
      ['MAX_TOKEN = 65_536', '64 KiB'],
      ['USED_SHARE = 0.8', '80 %'],
      ['UNSTATED_LIFE = 300_000', 'four minutes'],
      ['COOLDOWN = 5_000', 'five seconds'],
      ['REFUSAL_HOLD = 10_000', 'every ten seconds'],
      ['METADATA_AGE = 3_600_000', 'after an hour'],
      ['LONGEST = 3_600_000', 'an hour at most'],
    ] as const) {
      expect(source.join('\n'), bound).to.include(bound)
      expect(page.replaceAll('\n', ' ').replaceAll(/ +/g, ' '), words).to.include(words)
    }
  })
})
