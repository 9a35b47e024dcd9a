import { expect } from 'chai'
import type { CliCommand } from '../../../lib/cli/tree/command.js'
import { createProgram } from '../../../lib/cli/tree/program.js'
import { PassThrough } from 'node:stream'
import { systemClock } from '../../../lib/clock.js'
import { ENV, Kept, runCli } from '../../support/cli.js'

/** Nothing may be sent where the command line is wrong. */
const nothing = (() => {
  throw new Error('a request was sent')
}) as typeof fetch

const program = createProgram({
  ...{ env: {}, stdin: new PassThrough(), stdout: new Kept(), stderr: new Kept() },
  ...{ fetch: nothing, clock: systemClock },
})

function everyCommand(command: CliCommand): CliCommand[] {
  return [command, ...(command.commands as readonly CliCommand[]).flatMap(everyCommand)]
}

describe('the command line', () => {
  const refusals: { args: string[]; message: RegExp; isTerminal?: boolean; env?: Record<string, string> }[] = [
    { args: ['aps'], message: /unknown command or option aps; did you mean apis\?; try scopegate --help$/ },
    { args: ['apis'], message: /^scopegate: name a command; try scopegate apis --help$/ },
    { args: ['apis', 'lst'], message: /unknown command lst; did you mean list\?; try scopegate apis --help$/ },
    { args: ['grants', 'create'], message: /unknown command create; try scopegate grants --help$/ },
    { args: ['logs', 'rm', 'log_1'], message: /unknown command rm;/ },
    { args: ['keys', 'get', 'x'], message: /unknown command get;/ },
    { args: ['apis', 'list', '--jsn'], message: /unknown option --jsn; did you mean --json/ },
    { args: ['apis', 'list', 'x'], message: /too many arguments; try scopegate apis list --help$/ },
    { args: ['apis', 'get'], message: /missing required argument 'id'; try scopegate apis get --help$/ },
    { args: ['apis', 'get', ''], message: /an id has 1 to 200 characters/ },
    { args: ['apis', 'get', '..'], message: /an id has/ },
    { args: ['apis', 'get', 'a/b'], message: /an id has/ },
    { args: ['apis', 'get', 'a?b'], message: /an id has/ },
    { args: ['clients', 'secrets', 'rm', 'cli_1', '.', '--yes'], message: /an id has/ },
    { args: ['apis', 'list', '--json', '--jsonl'], message: /must not be given together/ },
    { args: ['apis', 'list', '--limit', '0'], message: /--limit must be/ },
    { args: ['apis', 'list', '--limit', '1e3'], message: /--limit must be/ },
    { args: ['apis', 'list', '--timeout', '0'], message: /--timeout must be/ },
    { args: ['apis', 'list', '--timeout', '601'], message: /--timeout must be/ },
    { args: ['keys', 'list', '--query', 'x'], message: /unknown option --query/ },
    { args: ['apis', 'create'], message: /nothing is given/ },
    { args: ['apis', 'create', '-f', '/nonexistent.json'], message: /nonexistent.json cannot be read: ENOENT/ },
    { args: ['apis', 'create', '--name', 'x', '--token-lifetime', '1h'], message: /--token-lifetime must be/ },
    { args: ['clients', 'create', '--api-grant', 'read:users'], message: /--api-grant must be AUDIENCE=SCOPE/ },
    { args: ['apis', 'update', 'api_1'], message: /nothing is given/ },
    { args: ['apis', 'update', 'api_1', '--set', 'x'], message: /--set must be NAME=VALUE/ },
    { args: ['apis', 'update', 'api_1', '--set', '=x'], message: /--set must be NAME=VALUE/ },
    { args: ['apis', 'update', 'api_1', '--set', '__proto__.x=1'], message: /--set must be NAME=VALUE/ },
    { args: ['apis', 'update', 'api_1', '--set', 'a=1', '--set', 'a=2'], message: /twice/ },
    { args: ['apis', 'update', 'api_1', '--set', 'a=1', '--set', 'a.b=2'], message: /twice/ },
    { args: ['apis', 'update', 'api_1', '--set', 'a.b=1', '--set', 'a=2'], message: /twice/ },
    { args: ['apis', 'preview', 'api_1'], message: /required option '--client <id>' not specified/ },
    { args: ['apis', 'rm', 'api_1'], message: /give --yes/ },
    { args: ['clients', 'secrets', 'rm', 'cli_1', 'sec_1'], message: /give --yes/ },
    { args: ['keys', 'rm', 'k'], message: /give --yes/ },
    { args: ['grants', 'rm', 'g'], message: /give --yes/ },
    { args: ['apply'], message: /required option '-f, --file <file>' not specified/ },
    { args: ['apply', '-f', 'x.json', '--prune'], message: /give --yes/ },
    { args: ['apply', '-f', '-', '--prune'], message: /give --yes/, isTerminal: true },
    { args: ['completion', 'sh'], message: /wrong value of 'shell'. Allowed choices are bash, zsh, fish;/ },
    { args: ['verify'], message: /missing required argument 'token'/ },
    { args: ['verify', 'x', '--algorithm', 'HS256'], message: /--algorithm must be/ },
    { args: ['verify', 'x', '--clock-tolerance', '3601'], message: /--clock-tolerance must be/ },
    { args: ['verify', 'x', '--claim', 'org'], message: /--claim must be NAME=VALUE/ },
    { args: ['verify', 'x', '--issuer', 'http://id.example.com'], message: /issuer must/ },
    { args: ['verify', 'x', '--scope', '"'], message: /not one scope-token/ },
    { args: ['login'], message: /login needs a URL/, env: { SCOPEGATE_URL: '', SCOPEGATE_CLIENT_ID: '' } },
  ]
  for (const { args, message, isTerminal = false, env = {} } of refusals) {
    it(`refuses scopegate ${args.join(' ')} with exit 2 and one line, and sends nothing`, async () => {
      const { code, stdout, stderr } = await runCli(args, { env: { ...ENV, ...env }, isTerminal, fetch: nothing })
      expect(stderr.trimEnd()).to.match(message)
      expect(stderr).to.match(/^scopegate: [^\n]*\n$/)
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    })
  }

  const SECRET = '1Qxj46AGasCWdy7ppK2JXFkusX84jkpL1cd4fr2txOk'
  const places = [
    [SECRET],
    [`--client-secret=${SECRET}`],
    ['apis', SECRET],
    ['apis', 'list', SECRET],
    ['apis', 'list', `--client-secret=${SECRET}`],
    ['apis', 'list', '--client-secret', SECRET],
    ['apis', 'list', `--${SECRET}\u001b[2J`],
    ['completion', SECRET],
    ['apis', 'update', 'api_1', '--set', SECRET],
    ['apis', 'list', '--timeout', SECRET],
    ['apis', 'list', '--url', `https://u:${SECRET}@id.example.com`],
  ]
  for (const args of places) {
    it(`repeats no secret of ${args.join(' ').replace('\u001b', '')}`, async () => {
      const { code, stderr } = await runCli(args, { env: ENV, fetch: nothing })
      expect(code).to.equal(2)
      expect(stderr).not.to.include(SECRET).and.not.include('\u001b')
    })
  }

  for (const command of everyCommand(program)) {
    it(`has help for ${command.path}`, async () => {
      const args = command.path.split(' ').slice(1)
      const { code, stdout, stderr } = await runCli([...args, '--help'], { fetch: nothing })
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.match(new RegExp(`^Usage: ${command.path} `))
      expect(command.description(), 'description').to.match(/\S/)
      for (const { description, flags } of command.options) expect(description, flags).to.match(/\S/)
      for (const { name } of command.commands.map(child => ({ name: child.name() }))) expect(stdout).to.include(name)
    })
  }
})
