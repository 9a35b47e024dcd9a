import { APIS, CLIENTS, CONSENTS, GRANTS, LOGS, type Resource } from '../commands/resources.js'
import type { Io } from '../io.js'
import type { CliCommand } from './command.js'
import { repeated, withBody, withConsent, withDryRun, withRecord, withRows } from './options.js'

/** The commands of APIs, clients, grants, consents and the log. What they do is loaded when one of them runs. */
export function addResources(program: CliCommand, io: Io): void {
  addApis(program, io)
  addClients(program, io)
  for (const resource of [GRANTS, CONSENTS]) {
    const group = program.command(resource.name).description(`${resource.name} of users`)
    addReading(group, io, resource)
    withConsent(addCommand(group, 'rm', `end a ${resource.one}`).argument('<id>')).action(async (id, options) =>
      (await import('../commands/remove.js')).remove(io, resource, id, options),
    )
  }
  addReading(program.command('logs').description('the log of the account'), io, LOGS)
}

/** A command of a group. */
export function addCommand(group: CliCommand, name: string, description: string): CliCommand {
  return group.command(name).description(description)
}

/** `list` and `get`. */
function addReading(group: CliCommand, io: Io, resource: Resource): void {
  addList(group, io, resource)
  withRecord(addCommand(group, 'get', `show one ${resource.one}`).argument('<id>')).action(async (id, options) =>
    (await import('../commands/get.js')).get(io, resource, id, options),
  )
}

export function addList(group: CliCommand, io: Io, resource: Resource): void {
  const list = addCommand(group, 'list', `list the ${resource.many}`)
  if (resource.isPaged) {
    list.option('-q, --query <query>', 'a filter in FaableQL').option('--limit <number>', 'at most so many')
  }
  withRows(list).action(async options => (await import('../commands/list.js')).list(io, resource, options))
}

/** `update` and `rm`, each with its dry run. */
function addChanging(group: CliCommand, io: Io, resource: Resource): void {
  const { one } = resource
  const update = addCommand(group, 'update', `change the ${one} with this id`).argument('<id>')
  withRecord(withDryRun(withBody(update))).action(async (id, options) =>
    (await import('../commands/change.js')).update(io, resource, id, options),
  )
  const remove = addCommand(group, 'rm', `delete the ${one} with this id`).argument('<id>')
  withConsent(withDryRun(remove)).action(async (id, options) =>
    (await import('../commands/remove.js')).remove(io, resource, id, options),
  )
}

function addApis(program: CliCommand, io: Io): void {
  const group = addCommand(program, 'apis', 'APIs: what tokens are issued for')
  addReading(group, io, APIS)
  const create = addCommand(group, 'create', 'register an API')
    .option('--name <name>', 'what people call it')
    .option('--identifier <identifier>', 'the audience of its tokens')
    .option('--slug <slug>', 'a short name')
    .option('--description <text>', 'what it is')
    .addOption(repeated('--permission <value[=description]>', 'a permission, again for each'))
    .option('--token-lifetime <seconds>', 'how long its tokens live')
    .option('--token-dialect <dialect>', 'access_token or access_token_authz')
    .option('--allow-offline-access', 'refresh tokens may be issued')
    .option('--skip-consent', 'first-party clients need no consent')
    .option('--no-enforce-policies', 'scopes need not be permissions')
  withRecord(withBody(create)).action(async options => (await import('../commands/change.js')).createApi(io, options))
  addChanging(group, io, APIS)
  const preview = addCommand(group, 'preview', 'show what a token request would get')
    .argument('<id>')
    .requiredOption('--client <id>', 'the client that would ask')
    .option('--scope <scope>', 'what it would ask for, with blanks between scopes')
    .option('--grant-type <type>', 'how it would ask')
    .option('--user <user>', 'for whom it would ask')
  withRecord(preview).action(async (id, options) => (await import('../commands/preview.js')).preview(io, id, options))
  withRows(addCommand(group, 'usage', 'how often each permission was granted').argument('<id>')).action(
    async (id, options) => (await import('../commands/list.js')).listUsage(io, id, options),
  )
}

function addClients(program: CliCommand, io: Io): void {
  const group = addCommand(program, 'clients', 'clients: who gets tokens')
  addReading(group, io, CLIENTS)
  const create = addCommand(group, 'create', 'register a client; its secret is shown this once')
    .option('--name <name>', 'what people call it')
    .option('--description <text>', 'what it is')
    .option('--type <type>', 'm2m, web, spa or native')
    .option('--auth-method <method>', 'client_secret_basic, client_secret_post or none')
    .addOption(repeated('--grant-type <type>', 'a grant type, again for each'))
    .addOption(repeated('--callback <uri>', 'a redirect URI, again for each'))
    .addOption(repeated('--web-origin <origin>', 'an origin of scripts, again for each'))
    .addOption(repeated('--logout-url <uri>', 'where to go after a logout, again for each'))
    .addOption(
      repeated('--api-grant <audience=scope>', 'an API it may get, with blanks between scopes, again for each'),
    )
    .option('--default-audience <identifier>', 'the API that is meant where none is named')
    .option('--first-party', 'it is an application of your own')
  withRecord(withBody(create)).action(async options =>
    (await import('../commands/change.js')).createClient(io, options),
  )
  addChanging(group, io, CLIENTS)
  const secrets = addCommand(group, 'secrets', 'secrets of a client')
  const createSecret = addCommand(secrets, 'create', 'add a secret; it is shown this once')
    .argument('<client>')
    .option('--expires-at <time>', 'until when it is accepted (ISO 8601)')
  withRecord(createSecret).action(async (client, options) =>
    (await import('../commands/change.js')).createSecret(io, client, options),
  )
  withConsent(addCommand(secrets, 'rm', 'delete a secret').argument('<client>').argument('<id>')).action(
    async (client, id, options) => (await import('../commands/remove.js')).removeSecret(io, client, id, options),
  )
}
