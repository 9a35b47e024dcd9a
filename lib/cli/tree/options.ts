import { Option } from 'commander'
import type { CliCommand } from './command.js'

const CONNECTION = 'Connection:'

/** An option that may be given several times. */
export function repeated(flags: string, description: string): Option {
  const collect = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value]
  return new Option(flags, description).argParser(collect)
}

/** What every command has that talks to a server. */
export function withConnection(command: CliCommand): CliCommand {
  return command
    .addOption(new Option('--url <url>', 'the issuer (SCOPEGATE_URL)').helpGroup(CONNECTION))
    .addOption(
      new Option('--admin-url <url>', 'where the management API is, if not there (SCOPEGATE_ADMIN_URL)').helpGroup(
        CONNECTION,
      ),
    )
    .addOption(new Option('--client-id <id>', 'the client that calls (SCOPEGATE_CLIENT_ID)').helpGroup(CONNECTION))
    .addOption(new Option('--timeout <seconds>', 'for each call, 1 to 600 (default: 30)').helpGroup(CONNECTION))
    .addOption(new Option('--allow-insecure-requests', 'http to any host').helpGroup(CONNECTION))
}

/** The same, and an answer that can be had as JSON. */
export function withRecord(command: CliCommand): CliCommand {
  return withConnection(command.option('--json', 'print JSON'))
}

/** The same, of a list. */
export function withRows(command: CliCommand): CliCommand {
  return withConnection(
    command
      .option('--json', 'print one JSON document, { "results": [...] }')
      .option('--jsonl', 'print a JSON line for each'),
  )
}

/** Where the body comes from. */
export function withBody(command: CliCommand): CliCommand {
  return command
    .option('-f, --file <file>', 'a JSON or YAML file, or - for JSON on standard input')
    .addOption(repeated('--set <name=value>', 'a member; JSON, else text; a dot leads into an object'))
}

/** For what deletes. */
export function withConsent(command: CliCommand): CliCommand {
  return withRecord(command.option('-y, --yes', 'do not ask'))
}

export function withDryRun(command: CliCommand): CliCommand {
  return command.option('--dry-run', 'print what it would do, and change nothing')
}
