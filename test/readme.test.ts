import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { getAuth, resourceServer } from 'scopegate'
import { testIssuer } from 'scopegate/testing'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const readme = read('README.md')

describe('README', () => {
  it('protects a route in six lines, which run as they stand there', async () => {
    const block = /```ts\n(import express[\s\S]*?)```/.exec(readme)?.[1] ?? ''
    const lines = block.split('\n').filter(line => line !== '' && !line.startsWith('import'))
    const issuer = await testIssuer({ audience: 'https://api.example.com', issuer: 'https://id.example.com' })
    const offline = (options: object) => resourceServer({ ...issuer.resourceServerOptions, ...options })
    const run = new Function('express', 'getAuth', 'resourceServer', `${lines.join('\n')}\nreturn app`)
    const app = run(express, getAuth, offline)
    const bearer = await issuer.bearer({ scope: 'read:users', subject: 'ada' })
    await request(app).get('/users').set('authorization', bearer).expect(200, { caller: 'ada' })
    await request(app).get('/users').expect(401)
  })

  it('names commands that package.json has, and pages that are there', () => {
    const { scripts } = JSON.parse(read('package.json'))
    for (const [, script = ''] of readme.matchAll(/npm (?:run )?(start|test|[a-z]+:[a-z]+)\b/g)) {
      expect(scripts, script).to.have.property(script)
    }
    for (const [, path = ''] of readme.matchAll(/\]\(((?!http)[^)#]+)\)/g)) {
      expect(existsSync(fileURLToPath(new URL(path, root))), path).to.equal(true)
      if (path.endsWith('.md')) expect(read(path), path).to.match(/^# /)
    }
  })

  it('gives the numbers of the run in bench/README.md', () => {
    const cellsOf = (page: string): string[][] =>
      [...page.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split('|').map(cell => cell.trim()))
    const [inProcess = ''] = read('bench/README.md').split('### Over HTTP')
    const measured = cellsOf(inProcess)
    const microseconds = (cell = ''): string => `${(Number(cell.replace(',', '')) / 1000).toFixed(1)} µs`
    const table = cellsOf(readme.slice(readme.indexOf('## What a guard costs')))
    const names: Record<string, string> = {
      'fast-jwt, with its cache': 'fast-jwt (cache)',
      'a bare `crypto.verify`, nothing else': 'bare crypto.verify',
    }
    const rows = table.filter(([, seen]) => seen?.endsWith(' µs'))
    expect(rows).to.have.length(5)
    for (const [name = '', ...claimed] of rows) {
      const [, hot, , , fresh] = measured.find(([measuredName]) => measuredName === (names[name] ?? name)) ?? []
      expect(claimed, name).to.deep.equal([hot, fresh].map(microseconds))
    }
  })

  it('docs/resource-server.md: names every option, code, answer and event', () => {
    const page = read('docs/resource-server.md')
    const sources = (pattern: RegExp, ...files: string[]) =>
      files.flatMap(file => [...read(file).matchAll(pattern)].map(([, name = '']) => name))
    const folder = 'lib/resource-server'
    const options = ['options/options', 'guard/guard-options', 'dpop/options'].flatMap(file => {
      const interfaces = [...read(`${folder}/${file}.ts`).matchAll(/^export interface [\s\S]*?^}/gm)]
      return interfaces.flatMap(([text]) => [...text.matchAll(/^ {2}(\w+)\?: /gm)].map(([, name = '']) => name))
    })
    const types = sources(
      /^ {2}(?:readonly )?type: '(\w+)'/gm,
      `${folder}/contract/events.ts`,
      `${folder}/guard/guard-events.ts`,
    )
    const skipped = sources(/new SkippedKey\('(\w+)'\)/g, `${folder}/keys/jwk.ts`)
    const failures = ['http-fetch', 'issuer-metadata', 'jwks-source'].flatMap(file =>
      sources(/new FetchFailure\('(\w+)'/g, `${folder}/keys/${file}.ts`),
    )
    expect(options).to.have.length.above(25)
    expect(types).to.have.length.above(7)
    expect(skipped).to.have.length.above(6)
    expect(failures).to.have.length.above(6)
    for (const name of [...options, ...types, ...skipped, ...failures]) {
      expect(page, name).to.match(new RegExp(`\`[^\`]*\\b${name}\\b`))
    }
  })

  for (const file of ['docs/faableql.md']) {
    it(`${file}: every example of the table is a query`, async () => {
      const { parseQuery } = await import('../lib/query/parse.js')
      const { API_FIELDS } = await import('../lib/query/fields.js')
      const examples = [...read(file).matchAll(/\| `([^`]+)` *\|$/gm)].map(([, query = '']) => query)
      expect(examples).to.have.length.above(4)
      for (const query of examples) expect(() => parseQuery(query, API_FIELDS), query).not.to.throw()
    })
  }
})
