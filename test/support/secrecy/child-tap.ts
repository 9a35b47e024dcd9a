import childProcess, { ChildProcess } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { readMadeClient } from './exceptions.js'
import type { Ledger } from './ledger.js'
import { Lines, textOf } from './lines.js'
import { writeUnseen } from './output-tap.js'
import type { Sources } from './sources.js'

interface SpawnOptions {
  args?: string[]
  envPairs?: string[]
  stdio?: unknown
}

/** Sees what every child process is given in its environment, and what it writes. */
export function tapChildren(ledger: Ledger, sources: Sources): void {
  const prototype = ChildProcess.prototype as unknown as { spawn(options: SpawnOptions): number }
  const { spawn } = prototype
  prototype.spawn = function spawnWatched(this: ChildProcess, options) {
    sources.environment(options.envPairs ?? [])
    const { stdio, inherited } = withPipes(options.stdio)
    const status = spawn.call(this, { ...options, stdio })
    const tells = [tellOutput(options.args ?? [], ledger, sources), (lines: string) => logError(lines, ledger)]
    for (const [at, stream] of [this.stdout, this.stderr].entries()) {
      if (stream === null || stream === undefined) continue
      watch(stream, tells[at] as (lines: string) => void)
      if (inherited.has(at + 1)) hand(stream, at === 0 ? process.stdout : process.stderr)
    }
    return status
  }
  tapSync(ledger, sources)
}

/** Where a child writes to what this process writes to, its output goes through this process: nothing is unseen. */
function withPipes(stdio: unknown): { stdio: unknown; inherited: Set<number> } {
  const list: unknown[] = Array.isArray(stdio) ? [...stdio] : [stdio, stdio, stdio]
  const inherited = new Set<number>()
  for (const at of [1, 2]) {
    if (list[at] !== 'inherit' && list[at] !== at) continue
    list[at] = 'pipe'
    inherited.add(at)
  }
  return inherited.size === 0 ? { stdio, inherited } : { stdio: list, inherited }
}

/** A child that nobody waits for keeps nobody waiting. */
function hand(stream: Readable & { unref?(): void }, output: NodeJS.WriteStream): void {
  stream.on('data', chunk => writeUnseen(output, chunk))
  stream.unref?.()
}

function watch(stream: Readable, tell: (lines: string) => void): void {
  const lines = new Lines(tell)
  const push = stream.push
  stream.push = (chunk, encoding) => {
    if (chunk === null) lines.end()
    else lines.add(chunk)
    return push.call(stream, chunk, encoding)
  }
}

/** Standard output of the service is its log; that of anything else is for the person who has started it. */
function tellOutput(args: readonly string[], ledger: Ledger, sources: Sources): (lines: string) => void {
  const [file = '', ...rest] = args
  // `script` shows what was written to a terminal.
  const isService = basename(file) !== 'script' && rest.some(argument => /(?:^|\s)serve(?:\s|$)/.test(argument))
  return isService ? lines => ledger.logged('standard output of serve', lines) : lines => sources.shown(lines)
}

function logError(text: string, ledger: Ledger): void {
  for (const line of text.split('\n')) {
    const made = readMadeClient(line)
    if (made !== undefined) ledger.secret('client secret', made.secret)
    ledger.logged('standard error of a child process', made?.rest ?? line)
  }
}

/** Those that this process waits for give all they have written at once. */
function tapSync(ledger: Ledger, sources: Sources): void {
  const { spawnSync, execFileSync } = childProcess
  const watched = ((...call: Parameters<typeof spawnSync>) => {
    const outcome = spawnSync(...call)
    sources.shown(textOf(outcome.stdout))
    logError(textOf(outcome.stderr), ledger)
    return outcome
  }) as typeof spawnSync
  const watchedFile = ((...call: Parameters<typeof execFileSync>) => {
    const stdout = execFileSync(...call)
    sources.shown(textOf(stdout))
    return stdout
  }) as typeof execFileSync
  Object.assign(childProcess, { spawnSync: watched, execFileSync: watchedFile })
  syncBuiltinESMExports()
}
