import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'

/** A command of a page, and the answer that stands below it. */
export interface ShownCall {
  /** The heading above it. */
  heading: string
  command: string
  answer: string
}

/** What a server really said. */
export interface RealAnswer {
  status: number
  headers: ReadonlyMap<string, string>
  /** Absent: there was no body. */
  body?: unknown
}

/** The commands of a page that have an answer below them, in their order. */
export function callsOf(page: string): ShownCall[] {
  const found = page.matchAll(/^#+ (.*)$|^```sh\n((?:(?!```).*\n)*)```\n+```http\n([\s\S]*?)^```$/gm)
  const calls: ShownCall[] = []
  let heading = ''
  for (const [, title, command, answer] of found) {
    if (title !== undefined) heading = title
    else if (command !== undefined && answer !== undefined) calls.push({ heading, command, answer })
  }
  return calls
}

/**
 * In place of curl: it keeps what was answered, whatever the command does with it, and lets no proxy of the machine in
 * between. A command that fails ends the tour.
 */
const PROLOGUE = `set -euo pipefail
curl() { command curl -sS --noproxy '*' -D "$OUT/$CALL.head" "$@" | tee "$OUT/$CALL.body"; }
`

/**
 * Runs the commands in one bash, so that a variable that one sets is there for the next.
 * @param setUp what comes before them
 */
export async function runCalls(setUp: string, commands: readonly string[]): Promise<RealAnswer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-docs-'))
  try {
    const script = join(folder, 'tour.sh')
    writeFileSync(script, [PROLOGUE, setUp, ...commands.map((command, at) => `CALL=${at}\n${command}`)].join('\n'))
    const { PATH, HOME } = process.env
    const running = promisify(execFile)('bash', [script], { env: { PATH, HOME, OUT: folder } })
    // A command that asks for something gets nothing, and does not wait for it.
    running.child.stdin?.end()
    await running
    return commands.map((_command, at) => readAnswer(join(folder, String(at))))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readAnswer(path: string): RealAnswer {
  const { status, headers } = readHead(readFileSync(`${path}.head`, 'utf8'))
  const body = readFileSync(`${path}.body`, 'utf8')
  return { status, headers, ...(body !== '' && { body: JSON.parse(body) }) }
}

function readHead(text: string): { status: number; headers: Map<string, string> } {
  const [first = '', ...lines] = text.trim().split(/\r?\n/)
  const headers = lines.map(line => /^([\w-]+): *(.*)$/.exec(line)?.slice(1) ?? [])
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) \w/.exec(first)?.[1]),
    headers: new Map(headers.map(([name = '', value = '']) => [name.toLowerCase(), value])),
  }
}

/** Checks that everything that the page shows of an answer is in it; a `…` stands for what is left out. */
export function assertShown(real: RealAnswer, shown: string): void {
  const [head = '', body] = shown.split('\n\n', 2)
  const { status, headers } = readHead(head)
  expect(real.status, JSON.stringify(real.body)).to.equal(status)
  for (const [name, value] of headers) assertWithin(real.headers.get(name), value, name)
  if (body === undefined) expect(real.body).to.equal(undefined)
  else assertWithin(real.body, JSON.parse(body), 'body')
}

function assertWithin(real: unknown, shown: unknown, path: string): void {
  if (shown === '…') {
    expect(real, path).not.to.equal(undefined)
  } else if (typeof shown === 'string' && shown.endsWith('…')) {
    expect(real, path)
      .to.be.a('string')
      .and.satisfy((text: string) => text.startsWith(shown.slice(0, -1)))
  } else if (Array.isArray(shown)) {
    expect(real, path).to.be.an('array').with.length(shown.length)
    for (const [at, element] of shown.entries()) assertWithin(memberOf(real, at), element, `${path}[${at}]`)
  } else if (typeof shown === 'object' && shown !== null) {
    for (const [name, member] of Object.entries(shown)) assertWithin(memberOf(real, name), member, `${path}.${name}`)
  } else {
    expect(real, path).to.equal(shown)
  }
}

function memberOf(value: unknown, name: string | number): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
