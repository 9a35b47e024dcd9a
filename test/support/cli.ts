import { PassThrough, Writable } from 'node:stream'
import { type Clock, systemClock } from '../../lib/clock.js'
import type { Input, Output } from '../../lib/cli/io.js'
import { run } from '../../lib/cli/run.js'
import { ledgerOfRun } from './secrecy/ledger.js'
import { Sources } from './secrecy/sources.js'

export interface CliOptions {
  env?: Record<string, string>
  /** What stands on standard input; it ends there. */
  input?: string | Buffer
  /** Are all three streams a terminal? */
  isTerminal?: boolean
  fetch?: typeof fetch
  clock?: Clock
  stdout?: Output
}

export interface CliResult {
  code: number
  stdout: string
  stderr: string
}

/** A stream that keeps what is written. */
export class Kept extends Writable {
  text = ''
  isTTY = false
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk
    done()
  }
}

/** Runs one command in this process. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { env = {}, input = '', isTerminal = false, clock = systemClock } = options
  const stdin: PassThrough & Input = Object.assign(new PassThrough(), { isTTY: isTerminal })
  stdin.end(input)
  const [stdout, stderr] = [new Kept(), new Kept()]
  stdout.isTTY = isTerminal
  stderr.isTTY = isTerminal
  const code = await run(args, {
    ...{ env: { XDG_CONFIG_HOME: '/nonexistent', ...env }, clock, fetch: options.fetch ?? fetch },
    ...{ stdin, stdout: options.stdout ?? stdout, stderr },
  })
  const ledger = ledgerOfRun()
  new Sources(ledger).environment(Object.entries(env).map(pair => pair.join('=')))
  ledger.loggedError('standard error of a command', stderr.text)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

/** Who is not known to the file of `login`, but to the environment. */
export const ENV = {
  SCOPEGATE_URL: 'https://id.example.com',
  SCOPEGATE_CLIENT_ID: 'ops',
  SCOPEGATE_CLIENT_SECRET: 'the-secret-of-the-environment',
}

export interface FakeCall {
  method: string
  /** Path and query. */
  target: string
  headers: Record<string, string>
  body: unknown
}

export interface FakeAnswer {
  status?: number
  headers?: Record<string, string>
  /** A text goes out as it is. */
  body?: unknown
}

/** A server that gives every client a token, and else what a function says. It keeps the calls. */
export function fakeServer(answer: (call: FakeCall) => FakeAnswer): { fetch: typeof fetch; calls: FakeCall[] } {
  const calls: FakeCall[] = []
  const fakeFetch = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input))
    if (url.pathname === '/oauth/token') return Response.json({ access_token: 'a.b.c', token_type: 'Bearer' })
    const text = init.body === undefined ? undefined : String(init.body)
    const call = {
      method: init.method ?? 'GET',
      target: url.pathname + url.search,
      headers: init.headers as Record<string, string>,
      body: text === undefined ? undefined : JSON.parse(text),
    }
    calls.push(call)
    const { status = 200, headers = {}, body } = answer(call)
    const isText = typeof body === 'string' || body === undefined
    return new Response(status === 204 ? null : isText ? (body ?? '') : JSON.stringify(body), { status, headers })
  }
  return { fetch: fakeFetch as typeof fetch, calls }
}
