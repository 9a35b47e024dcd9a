import type { Io } from '../io.js'
import { write } from '../output/write.js'
import type { CliCommand } from '../tree/command.js'
import { bashScript, fishScript, type Place, zshScript } from './completion-scripts.js'

const SCRIPTS: Readonly<Record<string, (places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** `completion`: a script for the shell, made from the tree of commands. */
export async function completion(io: Io, shell: string, program: CliCommand): Promise<void> {
  await write(io.stdout, SCRIPTS[shell]?.(placesOf(program)) ?? '')
}

/** Every command with what may follow it, from the root on. */
function placesOf(command: CliCommand, path = ''): Place[] {
  const inner = command.commands as readonly CliCommand[]
  const options = command.createHelp().visibleOptions(command)
  const place: Place = {
    path,
    words: [
      ...inner.map(child => ({ name: child.name(), description: child.description() })),
      ...command.registeredArguments.flatMap(({ argChoices = [] }) =>
        argChoices.map(name => ({ name, description: '' })),
      ),
    ],
    options: options.map(option => ({
      names: [option.short, option.long].filter(name => name !== undefined),
      description: option.description,
      value: !option.required ? 'none' : /<file>/.test(option.flags) ? 'file' : 'text',
    })),
  }
  return [place, ...inner.flatMap(child => placesOf(child, `${path} ${child.name()}`))]
}
