import { expect } from 'chai'
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
})
