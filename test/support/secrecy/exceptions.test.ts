import { expect } from 'chai'
import { isShownToPerson, readMadeClient, withoutTitles } from './exceptions.js'

describe('what is not looked at for secrets', () => {
  const commands: { args: string[]; shown: boolean }[] = [
    { args: ['node', '--import', 'tsx', '/lib/cli/main.ts', 'token', '--audience', 'a'], shown: true },
    { args: ['node', 'dist/cli/main.js', 'clients', 'create'], shown: true },
    { args: ['bash', '-c', 'scopegate token'], shown: true },
    { args: ['script', '-qec', 'exec node lib/cli/main.ts serve > log'], shown: true },
    { args: ['/usr/bin/node', '--import', 'tsx', '/lib/cli/main.ts', 'serve'], shown: false },
    { args: ['node', 'dist/cli/main.js', 'serve', '--reset-management-client'], shown: false },
    { args: ['bash', '-c', 'scopegate serve'], shown: false },
    { args: ['node', 'test/support/token-process.ts'], shown: false },
    { args: ['node', '-e', 'console.log(1)'], shown: false },
  ]
  for (const { args, shown } of commands) {
    it(`standard output of ${args.join(' ')}: ${shown ? 'what is shown to a person' : 'no, it is a log'}`, () => {
      expect(isShownToPerson(args)).to.equal(shown)
    })
  }

  const line = 'scopegate: management client: account default, issuer http://localhost:1, client id cli_x, secret '

  it('the secret that serve has just made, and nothing else of the line', () => {
    expect(readMadeClient(`${line}abc`)).to.deep.equal({ rest: line, secret: 'abc' })
  })

  for (const other of [`${line}abc def`, `x ${line}abc`, line, line.replace('client id', 'client'), '']) {
    it(`no other line: ${other}`, () => {
      expect(readMadeClient(other)).to.equal(undefined)
    })
  }

  it('titles of tests, and nothing beside them', () => {
    expect(withoutTitles(['a suite', 'refuses abc'], '  ✔ refuses abc (abc)\n')).to.equal('  ✔  (abc)\n')
  })
})
