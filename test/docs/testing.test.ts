import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { dpopKey, testIssuer } from '../../lib/testing/index.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/testing.md')

/** Words that stand in code of the text, which the tests of the packed package do not run. */
const named = new Set([...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.match(/\w+/g) ?? []))

function optionsOf(file: string, name: string): string[] {
  const [text = ''] = new RegExp(`^export interface ${name} {[\\s\\S]*?^}`, 'm').exec(read(file)) ?? []
  return [...text.matchAll(/^ {2}(\w+)\??: /gm)].map(([, option = '']) => option)
}

describe('docs/testing.md', () => {
  it('names every member of an issuer and of a key', async () => {
    const issuer = await testIssuer({ audience: 'https://api.example.com' })
    const { jkt: _jkt, ...key } = await dpopKey()
    expect([...named]).to.include.members([...Object.keys(issuer), ...Object.keys(key)])
  })

  for (const [file, name, count] of [
    ['lib/testing/test-issuer.ts', 'TestIssuerOptions', 3],
    ['lib/testing/test-token.ts', 'TestTokenOptions', 8],
    ['lib/testing/dpop-key.ts', 'TestProofOptions', 6],
  ] as const) {
    it(`names every one of ${name}`, () => {
      const options = optionsOf(file, name)
      expect(options).to.have.length(count)
      expect([...named]).to.include.members(options)
    })
  }

  it('names every way to fail', () => {
    const [, modes = ''] = /FAILURE_MODES = \[([^\]]+)\]/.exec(read('lib/testing/offline-fetch.ts')) ?? []
    const names = [...modes.matchAll(/'(\w+)'/g)].map(([, mode = '']) => mode)
    expect(names).to.have.length(9)
    expect([...named]).to.include.members(names)
  })
})
