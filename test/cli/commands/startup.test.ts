import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Command, MAIN } from '../../support/command.js'
import { reach } from '../../support/reach.js'

describe('what a command loads when it starts', () => {
  const rules: { entry: string; forbidden: RegExp }[] = [
    // The tree of commands: nothing of what they do.
    {
      entry: 'cli/main.ts',
      forbidden:
        /^(express|pino|ajv|mongoose|lmdb|jose|yaml|lru-cache|openid-client|any-ascii)$|^(authorization-server|resource-server|store|users|query|http)\/|^cli\/(remote|serve\/(?!help))|^cli\/commands\/(?!resources)/,
    },
    { entry: 'cli/serve/command.ts', forbidden: /^cli\/(commands|remote|output|tree)\/|^(yaml|commander)$/ },
    { entry: 'cli/serve/serve.ts', forbidden: /^cli\/(commands|remote|output|tree)\/|^(yaml|commander)$/ },
    {
      entry: 'cli/commands/list.ts',
      forbidden: /^(express|pino|ajv|mongoose|lmdb|yaml)$|^(store|resource-server|users)\//,
    },
    {
      entry: 'cli/commands/change.ts',
      forbidden: /^(express|pino|ajv|mongoose|lmdb|yaml)$|^(store|resource-server|users)\//,
    },
    {
      entry: 'cli/commands/login.ts',
      forbidden: /^(express|pino|ajv|mongoose|lmdb|yaml)$|^(store|resource-server|users)\//,
    },
    {
      entry: 'cli/commands/verify/verify.ts',
      forbidden: /^(express|pino|ajv|mongoose|lmdb|yaml)$|^(store|users|authorization-server)\//,
    },
    {
      entry: 'cli/commands/apply/apply.ts',
      forbidden: /^(express|pino|mongoose|lmdb|yaml)$|^(store|resource-server|users)\//,
    },
  ]
  for (const { entry, forbidden } of rules) {
    it(`${entry} loads what it needs`, () => {
      const reached = [...reach(entry)]
      expect(reached.length).to.be.above(3)
      const odd = reached.filter(([name]) => forbidden.test(name)).map(([name, way]) => [...way, name].join(' → '))
      expect(odd).to.deep.equal([])
    })
  }

  describe('without yaml', () => {
    /** Has Node find no package of this name. */
    const hooks = `export async function resolve(name, context, next) {
      if (name !== 'yaml') return next(name, context)
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
    const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)})`
    const command = ['--import', 'tsx', '--import', `data:text/javascript,${encodeURIComponent(register)}`, MAIN]

    for (const { name, text, message } of [
      { name: 'a.yaml', text: 'apis: []', message: 'a YAML file needs yaml: npm install yaml' },
      { name: 'a.json', text: '{"apis":1}', message: 'has 1 fault; nothing was sent' },
    ]) {
      it(`apply -f ${name} says: ${message}`, async function inProcess() {
        this.timeout(60_000)
        const folder = mkdtempSync(join(tmpdir(), 'scopegate-yaml-'))
        writeFileSync(join(folder, name), text)
        const args = ['apply', '-f', join(folder, name)]
        const { code, stdout, stderr } = await new Command({}, args, [process.execPath, ...command]).ended()
        rmSync(folder, { recursive: true })
        expect(stderr.trimEnd().split('\n').pop()).to.include(`scopegate: `).and.include(message)
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
      })
    }
  })
})
