import type { Io } from '../io.js'
import { SERVE_HELP } from '../serve/help.js'
import { CliCommand, HelpShown } from './command.js'
import { addKeys } from './keys.js'
import { addResources } from './resources.js'
import { addTools } from './tools.js'

const EXAMPLES = `
Examples:
  scopegate serve                             start the authorization server and its management API
  scopegate serve --reset-management-client   give each account's management client a new secret and every
                                              management scope, print them, and end
  scopegate login --url https://id.example.com
  scopegate apis list --query 'permission:read:users'
  scopegate apply -f scopegate.yaml --dry-run

Exit codes: 0, 1 refused or not found, 2 wrong usage. See docs/cli.md.
`

/** The tree of all commands. Building it loads none of what they do. */
export function createProgram(io: Io): CliCommand {
  const program = new CliCommand('scopegate')
  program
    .description('OAuth 2.0 authorization server, and what manages one')
    .option('-v, --version', 'print the version')
    .helpOption('-h, --help', 'print the help of a command')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride(() => {
      throw new HelpShown()
    })
    .configureOutput({ writeOut: text => io.stdout.write(text), writeErr: () => undefined })
    .addHelpText('after', EXAMPLES)
    .hook('preSubcommand', () => {
      if (program.opts()['version'] === true) program.error("error: unknown command '--version'")
    })
  addServe(program)
  addResources(program, io)
  addKeys(program, io)
  addTools(program, io)
  return program
}

function addServe(program: CliCommand): void {
  const serve = program
    .command('serve')
    .description('start the authorization server and its management API')
    .option('--reset-management-client', 'give the management clients new secrets, print them, and end')
    .addHelpText('after', SERVE_HELP)
  serve.fault = 'unknown argument of serve; try scopegate --help'
  serve.action(async ({ resetManagementClient: isReset }) => {
    const service = await import('../serve/command.js')
    await (isReset === true ? service.resetManagementClient() : service.runService())
  })
}
