import childProcess, { ChildProcess } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isShownToPerson } from './exceptions.js'
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
  const tellError = (lines: string): void => ledger.loggedError('standard error of a child process', lines)
  prototype.spawn = function spawnWatched(this: ChildProcess, options) {
    const { args = [], envPairs = [] } = options
    sources.environment(envPairs)
    const { stdio, inherited } = withPipes(options.stdio)
    const status = spawn.call(this, { ...options, stdio })
    watch(this.stdout, outputTeller(args, ledger, sources), inherited.has(1) ? process.stdout : undefined)
    watch(this.stderr, tellError, inherited.has(2) ? process.stderr : undefined)
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

/** @param output where it goes besides */
function watch(stream: Readable | null, tell: (lines: string) => void, output: NodeJS.WriteStream | undefined): void {
  // Nobody sees what goes into a file, or nowhere, and there is no stream where a child could not be started.
  if (!stream) return
  const lines = new Lines(tell)
  const push = stream.push
  stream.push = (chunk, encoding) => {
    if (chunk === null) lines.end()
    else lines.add(chunk)
    return push.call(stream, chunk, encoding)
  }
  if (output === undefined) return
  stream.on('data', chunk => writeUnseen(output, chunk))
  // A child that nobody waits for keeps nobody waiting.
  if (stream instanceof Socket) stream.unref()
}

function outputTeller(args: readonly string[], ledger: Ledger, sources: Sources): (lines: string) => void {
  if (isShownToPerson(args)) return lines => sources.shown(lines)
  return lines => ledger.logged('standard output of a child process', lines)
}

/** Those that this process waits for give all they have written at once. */
function tapSync(ledger: Ledger, sources: Sources): void {
  const { spawnSync, execFileSync } = childProcess
  const watched = ((...call: Parameters<typeof spawnSync>) => {
    const outcome = spawnSync(...call)
    sources.shown(textOf(outcome.stdout))
    ledger.loggedError('standard error of a child process', textOf(outcome.stderr))
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
