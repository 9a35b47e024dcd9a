import { Argument } from 'commander'
import type { Io } from '../io.js'
import type { CliCommand } from './command.js'
import { repeated, withConnection, withDryRun, withRecord } from './options.js'
import { addCommand } from './resources.js'

/** The commands that are about no single kind of record. */
export function addTools(program: CliCommand, io: Io): void {
  addLogin(program, io)
  const apply = addCommand(program, 'apply', 'bring APIs and clients to what a file says')
    .requiredOption('-f, --file <file>', 'a JSON or YAML file, or - for JSON on standard input')
    .option('--prune', 'delete what a list of the file does not name')
    .option('-y, --yes', 'do not ask before --prune deletes')
  withRecord(withDryRun(apply)).action(async options => (await import('../commands/apply/apply.js')).apply(io, options))
  const token = addCommand(program, 'token', 'print an access token of the client')
    .option('--audience <audience>', 'the API that it is for')
    .addOption(repeated('--scope <scope>', 'what it may do, with blanks between scopes'))
  withConnection(token).action(async options => (await import('../commands/token.js')).token(io, options))
  addVerify(program, io)
  addCommand(program, 'completion', 'print a script for the shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async shell => (await import('../commands/completion.js')).completion(io, shell, program))
}

function addLogin(program: CliCommand, io: Io): void {
  const login = addCommand(program, 'login', 'keep the credentials of a management client')
  login.option(
    '--client-secret <secret>',
    'its secret; other users of this machine may see it: better leave it to standard input',
  )
  withConnection(login).action(async options => (await import('../commands/login.js')).login(io, options))
  addCommand(program, 'logout', 'remove what login has kept').action(async () =>
    (await import('../commands/login.js')).logout(io),
  )
}

function addVerify(program: CliCommand, io: Io): void {
  addCommand(program, 'verify', 'say check by check whether a token is good; it is sent nowhere')
    .argument('<token>', 'the token, or - for standard input')
    .option('--issuer <issuer>', 'who must have issued it (default: who the token says, which proves nothing)')
    .addOption(repeated('--audience <audience>', 'for whom it must be, one of several'))
    .addOption(repeated('--scope <scope>', 'what it must allow, with blanks between scopes'))
    .addOption(repeated('--algorithm <name>', 'an accepted algorithm (default: RS256)'))
    .addOption(repeated('--require-claim <name>', 'a claim that must be there'))
    .addOption(repeated('--claim <name=value>', 'a claim and its value; JSON, else text'))
    .option('--strict', 'the profile of RFC 9068')
    .option('--clock-tolerance <seconds>', 'leeway, 0 to 3600 (default: 5)')
    .option('--jwks <file>', 'the key set, instead of fetching it')
    .option('--allow-insecure-requests', 'fetch the key set by http from any host')
    .option('--json', 'print JSON')
    .action(async (token, options) => (await import('../commands/verify/verify.js')).verify(io, token, options))
}
