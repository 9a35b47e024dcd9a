import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import { LIB, reach } from './support/reach.js'

describe('imports', () => {
  const rules: { entry: string; forbidden: RegExp }[] = [
    {
      entry: 'index.ts',
      forbidden: /^(mongoose|lmdb|ajv|express|pino|any-ascii)$|^(store|query|authorization-server|cli|testing|users)\//,
    },
    {
      entry: 'testing/index.ts',
      forbidden: /^(mongoose|lmdb|ajv|express|pino)$|^(store|query|authorization-server|cli|users)\//,
    },
    {
      entry: 'authorization-server/index.ts',
      forbidden: /^(mongoose|lmdb|pino|openid-client|prom-client)$|^(store\/(mongo|embedded)|cli|users)\//,
    },
    {
      entry: 'store/embedded/index.ts',
      forbidden: /^(mongoose|lmdb|ajv|express)$|^(authorization-server|resource-server)\//,
    },
    { entry: 'store/mongo/index.ts', forbidden: /^(lmdb|ajv|express)$|^(authorization-server|resource-server)\// },
    {
      entry: 'users/index.ts',
      forbidden: /^(mongoose|lmdb|ajv|express|pino|openid-client)$|^(store\/(mongo|embedded)|cli|testing)\//,
    },
    {
      entry: 'client/index.ts',
      forbidden:
        /^(mongoose|lmdb|ajv|express|pino|oauth4webapi)$|^(store|query|http|authorization-server|cli|testing|users)\//,
    },
    { entry: 'http/error-handler.ts', forbidden: /^(store|query|authorization-server|resource-server)\// },
  ]
  for (const { entry, forbidden } of rules) {
    it(`of ${entry} point one way`, () => {
      const reached = [...reach(entry)]
      expect(reached).not.to.have.length(0)
      const odd = reached.filter(([name]) => forbidden.test(name)).map(([name, way]) => [...way, name].join(' → '))
      expect(odd).to.deep.equal([])
    })
  }

  /** From the lowest: a folder imports, types too, from those before it alone. */
  const layers: Record<string, readonly string[]> = {
    'resource-server': ['contract', 'options', 'keys', 'token', 'dpop', 'guard', ''],
    'authorization-server': [
      ...[
        'context',
        'log',
        'limits',
        'pages',
        'schemas',
        'keys',
        'clients',
        'accounts',
        'users',
        'grants',
        'discovery',
      ],
      ...['openapi', 'tokens', 'consent', 'authorize', 'admin', 'bootstrap', 'metrics', ''],
    ],
  }
  for (const [side, folders] of Object.entries(layers)) {
    it(`between the folders of ${side} go down`, () => {
      const root = join(LIB, side)
      const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '')
      for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name =>
        name.endsWith('.ts'),
      )) {
        const rank = folders.indexOf(folderOf(file))
        expect(rank, file).not.to.equal(-1)
        for (const [, target = ''] of readFileSync(join(root, file), 'utf8').matchAll(/from '(\.[^']+)'/g)) {
          const path = relative(root, join(root, dirname(file), target))
          if (!path.startsWith('..')) expect(folders.indexOf(folderOf(path)), `${file} → ${path}`).to.be.at.most(rank)
        }
      }
    })
  }

  it('leave import.meta to the command line: the rest is compiled to CommonJS too', () => {
    const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
    const users = files.filter(file => readFileSync(join(LIB, file), 'utf8').includes('import.meta'))
    expect(users.filter(file => !file.startsWith('cli'))).to.deep.equal([])
  })
})
