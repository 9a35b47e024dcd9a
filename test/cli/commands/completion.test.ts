import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCli } from '../../support/cli.js'
import { requireCommand } from '../../support/require-command.js'

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runCli(['completion', shell])
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  return stdout
}

/** Runs a script of a shell from a file, without any of its start-up files. */
function runShell(shell: string, args: string[], script: string, cwd?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-shell-'))
  const file = join(folder, 'script')
  writeFileSync(file, script)
  const { stdout, stderr, status } = spawnSync(shell, [...args, file], { encoding: 'utf8', ...(cwd && { cwd }) })
  rmSync(folder, { recursive: true })
  expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
  return stdout
}

describe('scopegate completion', () => {
  describe('bash', () => {
    before(function needsBash() {
      requireCommand(this, ['bash', '-c', 'complete -p; true'])
    })

    it('registers itself', async () => {
      const script = `${await scriptFor('bash')}\ncomplete -p scopegate\n`
      expect(runShell('bash', ['--norc'], script)).to.equal('complete -F _scopegate scopegate\n')
    })

    const rows: { words: string[]; offers: string[]; all?: boolean }[] = [
      { words: ['ap'], offers: ['apis', 'apply'], all: true },
      { words: ['nothing'], offers: [], all: true },
      { words: [''], offers: ['serve', 'apis', 'clients', 'keys', 'login', 'verify', '--help', '--version'] },
      { words: ['apis', ''], offers: ['list', 'get', 'create', 'update', 'rm', 'preview', 'usage'] },
      { words: ['grants', ''], offers: ['list', 'get', 'rm', '-h', '--help'], all: true },
      { words: ['clients', 'secrets', ''], offers: ['create', 'rm', '-h', '--help'], all: true },
      { words: ['clients', 'secrets', 'rm', 'cli_1', '--y'], offers: ['--yes'], all: true },
      { words: ['apis', 'list', '--json'], offers: ['--json', '--jsonl'], all: true },
      { words: ['apis', 'list', '--query', 'x', '--li'], offers: ['--limit'], all: true },
      { words: ['apis', 'list', '--url', ''], offers: [], all: true },
      { words: ['completion', ''], offers: ['bash', 'zsh', 'fish', '-h', '--help'], all: true },
      { words: ['apply', '-f', ''], offers: ['a b.json', 'c.yaml'], all: true },
      { words: ['verify', 'x', '--jwks', 'a'], offers: ['a b.json'], all: true },
      { words: ['serve', '--r'], offers: ['--reset-management-client'], all: true },
    ]
    for (const { words, offers, all = false } of rows) {
      it(`offers ${offers.join(' ') || 'nothing'} for scopegate ${words.join(' ')}`, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'scopegate-completion-'))
        for (const name of ['a b.json', 'c.yaml']) writeFileSync(join(folder, name), '')
        const line = ['scopegate', ...words].map(word => `'${word}'`).join(' ')
        const call = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _scopegate; printf '%s\\n' "\${COMPREPLY[@]}"`
        const found = runShell('bash', ['--norc'], `${await scriptFor('bash')}\n${call}\n`, folder)
        rmSync(folder, { recursive: true })
        const names = found.split('\n').filter(name => name !== '')
        if (all) expect(names).to.have.members(offers)
        else expect(names).to.include.members(offers)
      })
    }
  })

  it('zsh: is a script that zsh takes, and registers itself', async function inZsh() {
    requireCommand(this, ['zsh', '-fc', 'true'])
    const script = `autoload -Uz compinit && compinit -u -D\n${await scriptFor('zsh')}\nprint $_comps[scopegate]\n`
    expect(runShell('zsh', ['-f'], script)).to.equal('_scopegate\n')
  })

  it('fish: is a script that fish takes, and offers what may follow', async function inFish() {
    requireCommand(this, ['fish', '--no-config', '-c', 'true'])
    const script = `${await scriptFor('fish')}\ncomplete -C 'scopegate clients secrets '\n`
    expect(runShell('fish', ['--no-config'], script))
      .to.include('create')
      .and.to.include('rm')
  })

  for (const shell of ['zsh', 'fish']) {
    it(`${shell}: knows the same commands and options as the one for bash`, async () => {
      const options = (text: string) =>
        new Set(text.match(/--[a-z][a-z-]+|(?<=-l )[a-z][a-z-]+/g)?.map(name => name.replace(/^--/, '')))
      const [bash, other] = [options(await scriptFor('bash')), options(await scriptFor(shell))]
      expect(bash.size).to.be.above(40)
      expect([...other]).to.include.members([...bash].filter(name => name !== 'norc'))
      for (const word of ['secrets', 'preview', 'usage', 'rotate', 'consents'])
        expect(await scriptFor(shell)).to.include(word)
    })
  }
})
