import { spawnSync } from 'node:child_process'

/**
 * Skips a test or a suite where a command of the system does not run, saying which; under `CI=true` that is a failure.
 * @param probe the command, as it is used
 * @param isOptional under `CI=true` too it is skipped: hardly any container may run it
 */
export function requireCommand(context: Mocha.Context, probe: readonly string[], isOptional = false): void {
  const [command = '', ...args] = probe
  if (spawnSync(command, args, { stdio: 'ignore' }).status === 0) return
  const reason = `this machine does not run: ${probe.join(' ')}`
  if (process.env['CI'] === 'true' && !isOptional) throw new Error(`these tests must run here, and ${reason}`)
  console.warn(`  skipped: ${reason}`)
  context.skip()
}
