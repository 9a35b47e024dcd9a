import { expect } from 'chai'
import { isShownToPerson, withoutShownOnce, withoutTitles } from './exceptions.js'

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
  const once = [
    { text: `${line}abc`, rest: line },
    { text: 'client_secret  abc   (shown this once)', rest: 'client_secret     (shown this once)' },
    {
      text: 'x\nclient_secret of Billing service (cli_1)  abc   (shown this once)\nabc\n',
      rest: 'x\nclient_secret of Billing service (cli_1)     (shown this once)\nabc\n',
    },
  ]
  for (const { text, rest } of once) {
    it(`a secret that is shown once, and nothing else: ${JSON.stringify(text)}`, () => {
      const secrets: string[] = []
      expect(withoutShownOnce(text, secret => secrets.push(secret))).to.equal(rest)
      expect(secrets).to.deep.equal(['abc'])
    })
  }

  for (const text of [
    `${line}abc def`,
    `x ${line}abc`,
    line,
    'client_secret  abc',
    'secret  abc   (shown this once)',
  ]) {
    it(`no other line: ${text}`, () => {
      expect(withoutShownOnce(text, () => expect.fail('a secret'))).to.equal(text)
    })
  }

  it('titles of tests, and nothing beside them', () => {
    expect(withoutTitles(['a suite', 'refuses abc'], '  ✔ refuses abc (abc)\n')).to.equal('  ✔  (abc)\n')
  })
})
