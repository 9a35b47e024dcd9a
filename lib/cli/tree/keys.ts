import { KEYS } from '../commands/resources.js'
import type { Io } from '../io.js'
import type { CliCommand } from './command.js'
import { withConsent, withRecord } from './options.js'
import { addCommand, addList } from './resources.js'

/**
 * The commands of signing keys, of a server that runs; but `re-encrypt` works on the store, by the variables of `serve`.
 */
export function addKeys(program: CliCommand, io: Io): void {
  const group = addCommand(program, 'keys', 'signing keys')
  addList(group, io, KEYS)
  const rotate = addCommand(group, 'rotate', 'sign with the next key from now on').option(
    '--force',
    'also where it was published only just now',
  )
  withRecord(rotate).action(async options => (await import('../commands/rotate.js')).rotate(io, options))
  const remove = addCommand(group, 'rm', 'delete a key, in an emergency')
    .argument('<kid>')
    .option('--replace', 'of the current key: sign with the next one')
  withConsent(remove).action(async (kid, options) =>
    (await import('../commands/remove.js')).remove(io, KEYS, kid, options),
  )
  addCommand(
    group,
    're-encrypt',
    'encrypt every signing key in the store of `serve` by the first ENCRYPTION_KEY',
  ).action(async () => (await import('../serve/command.js')).reEncryptKeys())
}
