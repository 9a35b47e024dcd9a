import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  AUTHORIZE_DETAILS,
  GUARD_DETAILS,
  SIGN_IN_DETAILS,
  TOKEN_ENDPOINT_DETAILS,
  TOKEN_QUESTION_DETAILS,
} from '../lib/details.js'
import { sources } from './support/sources.js'

const page = readFileSync(new URL('../docs/troubleshooting.md', import.meta.url), 'utf8')

/** The codes in the first cells of the tables of a section. */
function documented(heading: string): string[] {
  const [, section = ''] = page.split(`## ${heading}\n`)
  const [text = ''] = section.split(/^## /m)
  return [...text.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
  )
}

/** The codes that the sources name, by the functions that take one. */
function named(): Set<string> {
  const patterns = [
    /\bdetail: '([^']+)'/g,
    /\b(?:refuse|malformed|unanswered|insufficient|unauthorized|unknown|invalidTarget|invalidScope|invalidGrant|assertBegun)\('([^']+)'/g,
    /\brefuse\(account, \w+, '([^']+)'/g,
    /\binvalid\('[A-Z][^']+', '([^']+)'/g,
    /\bconst SILENT = '([^']+)'/g,
    /: '(body_[^']+)',/g,
  ]
  const proofs = /\binvalidProof\('([^']+)'/g
  const skipped = /\bnew SkippedKey\('([^']+)'/g
  const texts = sources.filter(({ file }) => file !== 'details.ts').map(({ text }) => text)
  const find = (pattern: RegExp) => texts.flatMap(text => [...text.matchAll(pattern)].map(([, code = '']) => code))
  return new Set([
    ...patterns.flatMap(find),
    ...find(proofs).map(code => `dpop_${code}`),
    ...find(skipped).map(code => `dpop_key_${code}`),
  ])
}

/** Those that are put together, or chosen. */
const COMPOSED = [
  ...['not_three_parts', 'base64url', 'not_json', 'not_an_object'].map(code => `dpop_${code}`),
  ...['dpop_key_corrupt', 'dpop_key_key_type', 'dpop_key_private', 'dpop_key_weak'],
  ...['scope_malformed', 'scope_missing', 'no_credential', 'other_scheme'],
  ...['provider_unavailable', 'provider_response', 'provider_user_id', 'provider_auth_time'],
  ...['no_code', 'unknown_code', 'no_refresh_token', 'unknown_refresh_token'],
]

describe('details', () => {
  const lists = [GUARD_DETAILS, TOKEN_ENDPOINT_DETAILS, AUTHORIZE_DETAILS, TOKEN_QUESTION_DETAILS, SIGN_IN_DETAILS]
  const all: readonly string[] = lists.flat()

  it('are short codes, each in its list once', () => {
    for (const code of all) expect(code).to.match(/^[a-z0-9_]{2,40}$/)
    for (const list of lists) expect(new Set<string>(list)).to.have.property('size', list.length)
  })

  it('are those that the sources name', () => {
    const used = named()
    expect(used.size).to.be.above(80)
    for (const code of used) expect(all, `${code} is not in lib/details.ts`).to.include(code)
    for (const code of all) expect([...used, ...COMPOSED], `nothing names ${code}`).to.include(code)
  })

  it('stand in docs/troubleshooting.md with cause and cure, those of each side under its heading', () => {
    expect(documented('Why a guard refuses')).to.have.members(GUARD_DETAILS)
    expect(documented('Why the token endpoint refuses')).to.have.members(TOKEN_ENDPOINT_DETAILS)
    expect(documented('Why revocation and introspection refuse')).to.have.members(TOKEN_QUESTION_DETAILS)
    expect(documented('Why a sign-in is refused')).to.have.members(SIGN_IN_DETAILS)
    expect(documented('Why /authorize refuses')).to.have.members(AUTHORIZE_DETAILS)
  })
})
