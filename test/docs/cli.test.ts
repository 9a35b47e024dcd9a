import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { systemClock } from '../../lib/clock.js'
import type { CliCommand } from '../../lib/cli/tree/command.js'
import { createProgram } from '../../lib/cli/tree/program.js'
import { Kept } from '../support/cli.js'
import { MAIN } from '../support/command.js'
import { blocksOf, codesIn, readPage, rowsOf, sectionOf } from '../support/docs.js'
import { type ManagedServer, managedServer } from '../support/managed-server.js'
import { requireCommand } from '../support/require-command.js'
import { sources } from '../support/sources.js'

const page = readPage('cli.md')
const CONNECTION = 'Connection:'

const program = createProgram({
  ...{ env: {}, stdin: new PassThrough(), stdout: new Kept(), stderr: new Kept() },
  ...{ fetch, clock: systemClock },
})

function leaves(command: CliCommand): CliCommand[] {
  const inner = command.commands as readonly CliCommand[]
  return inner.length === 0 ? [command] : inner.flatMap(leaves)
}

/** The options of a command, without those of the connection. */
const ownOptions = ({ options }: CliCommand) =>
  options.filter(({ helpGroupHeading }) => helpGroupHeading !== CONNECTION)

/** A command of a session, and what is printed below it. */
interface Step {
  command: string
  shown: string[]
}

function stepsOf(text: string): Step[] {
  const steps: Step[] = []
  for (const line of blocksOf(text, 'console').join('').trimEnd().split('\n')) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), shown: [] })
    else steps.at(-1)?.shown.push(line)
  }
  return steps
}

/** Lines as a pattern: `…` is any text, alone in a line any lines; runs of blanks are one. */
function patternOf(shown: readonly string[]): RegExp {
  const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const lines = shown.map(line =>
    line === '…' ? '[^]*\\n' : `${line.replace(/ +/g, ' ').split('…').map(literally).join('.*')}\\n`,
  )
  return new RegExp(`^${lines.join('')}$`)
}

describe('docs/cli.md', () => {
  it('has every command with its arguments and its options', () => {
    const rows = rowsOf(sectionOf(page, '## Commands')).map(([command = '', meaning = '', options = '', ...rest]) => {
      expect(rest, command).to.deep.equal([])
      expect(meaning, command).to.match(/\S/)
      return [codesIn(command)[0], codesIn(options)]
    })
    const tree = leaves(program).map(command => {
      const words = [
        ...command.path.split(' ').slice(1),
        ...command.registeredArguments.map(argument => `<${argument.name()}>`),
      ]
      return [words.join(' '), ownOptions(command).map(({ long }) => long)]
    })
    expect(rows).to.deep.equal(tree)
  })

  it('has every option, with what it means', () => {
    const flags = new Set(leaves(program).flatMap(command => ownOptions(command).map(option => option.flags)))
    const [options = ''] = sectionOf(page, '## Options').split('### ')
    const rows = rowsOf(options)
    expect(rows.map(([option = '']) => codesIn(option)[0])).to.have.members([...flags])
    for (const [option, meaning] of rows) expect(meaning, option).to.match(/\S/)
  })

  it('has the options and variables of the connection', () => {
    const options = new Set(
      leaves(program).flatMap(command =>
        command.options.filter(({ helpGroupHeading }) => helpGroupHeading === CONNECTION).map(({ long }) => long),
      ),
    )
    const rows = rowsOf(sectionOf(page, '## Who you are'))
    expect(rows.flatMap(([, option = '']) => codesIn(option))).to.have.members([...options])
    const read = sources
      .filter(({ file }) => file.startsWith('cli/remote/'))
      .flatMap(({ text }) => text.match(/\bSCOPEGATE_[A-Z_]+\b/g) ?? [])
    expect(rows.flatMap(([variable = '']) => codesIn(variable))).to.have.members([...new Set(read)])
    const configuration = sectionOf(readPage('configuration.md'), '## The command line')
    expect(codesIn(configuration)).to.include.members([...new Set(read)])
  })

  describe('shows a session', () => {
    const steps = stepsOf(sectionOf(page, '## A session'))
    let server: ManagedServer
    let folder: string
    let outputs: string[] = []

    before(async function runAll() {
      this.timeout(180_000)
      requireCommand(this, ['bash', '-c', 'node --version'])
      server = await managedServer()
      folder = mkdtempSync(join(tmpdir(), 'scopegate-docs-'))
      const [file = ''] = blocksOf(page, 'yaml')
      writeFileSync(join(folder, 'scopegate.yaml'), file)
      const MARK = '\u0001'
      const script = [
        `scopegate() { ${JSON.stringify(process.execPath)} --import ${JSON.stringify(createRequire(import.meta.url).resolve('tsx'))} ${JSON.stringify(MAIN)} "$@"; }`,
        ...steps.map(({ command }) => `${command.replaceAll('http://localhost:3000', server.url)}\nprintf '${MARK}'`),
      ].join('\n')
      outputs = (await runScript(script)).split(MARK)
    })
    after(async () => {
      await server?.stop()
      if (folder) rmSync(folder, { recursive: true })
    })

    async function runScript(script: string): Promise<string> {
      writeFileSync(join(folder, 'session.sh'), script)
      const { PATH } = process.env
      const env = {
        ...{ PATH, HOME: folder, MANAGEMENT_ID: server.env['SCOPEGATE_CLIENT_ID'] },
        MANAGEMENT_SECRET: server.env['SCOPEGATE_CLIENT_SECRET'],
      }
      return new Promise((resolve, reject) => {
        const child = execFile('bash', ['-c', '. ./session.sh 2>&1'], { cwd: folder, env }, (error, stdout) =>
          error ? reject(error) : resolve(stdout),
        )
        child.stdin?.end()
      })
    }

    for (const [at, { command, shown }] of steps.entries()) {
      it(`${at + 1}. ${command}`, () => {
        const output = (outputs[at] ?? 'it did not run').replaceAll(server.url, 'http://localhost:3000')
        expect(output.replace(/ +/g, ' ').replace(/ $/gm, '')).to.match(patternOf(shown))
      })
    }

    it('of more than ten steps', () => {
      expect(steps.length).to.be.above(10)
      expect(readFileSync(join(folder, 'changes.txt'), 'utf8')).to.match(/^~ API/)
    })
  })
})
