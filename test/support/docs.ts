import { readFileSync } from 'node:fs'
import express, { type Express } from 'express'
import * as scopegate from 'scopegate'
import { type TestIssuer, testIssuer } from 'scopegate/testing'

export function readPage(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
}

/** The text under a heading, up to the next one of the same level or a higher one. */
export function sectionOf(page: string, heading: string): string {
  const [mark = ''] = heading.split(' ')
  const start = page.indexOf(`${heading}\n`)
  if (start < 0) throw new Error(`there is no ${heading}`)
  const rest = page.slice(start + heading.length)
  const end = rest.search(new RegExp(`^#{1,${mark.length}} `, 'm'))
  return end < 0 ? rest : rest.slice(0, end)
}

/** The cells of the rows of all tables, without the heads. */
export function rowsOf(text: string): string[][] {
  const tables = text.match(/(?:^\|.*\|\n?)+/gm) ?? []
  return tables.flatMap(table =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map(line =>
        line
          .slice(1, -1)
          .split('|')
          .map(cell => cell.trim()),
      ),
  )
}

/** The names in backticks. */
export function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

/** The blocks of code of one language, in their order. */
export function blocksOf(page: string, language = 'ts'): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code = '']) => code)
}

interface RunOptions {
  /** What stands for packages, beside scopegate and Express. */
  modules?: Record<string, unknown>
  /** Names that the block takes from its surroundings. */
  names?: Record<string, unknown>
}

/**
 * Runs a block as it stands in the docs, its imports done by hand. Its resource servers trust a test issuer of the name
 * that they are given, so that nothing leaves this process.
 *
 * @returns its `app`, and the issuer
 */
export async function runBlock(code: string, { modules = {}, names = {} }: RunOptions = {}): Promise<RunBlock> {
  const audience = 'https://api.example.com'
  const issuerName = /issuer: '([^']+)'/.exec(code)?.[1]
  const issuer = await testIssuer({ audience, ...(issuerName !== undefined && { issuer: issuerName }) })
  const { issuer: _issuer, audience: _audience, ...network } = issuer.resourceServerOptions
  const resourceServer = (options: scopegate.ResourceServerOptions) =>
    scopegate.resourceServer({ ...options, ...network })
  const known: Record<string, unknown> = { express: { default: express }, scopegate: { ...scopegate, resourceServer } }
  const all = { ...known, ...modules }
  const body = code
    .replace(/^import \{([^}]*)\} from '([^']+)'$/gm, (_all, list, name) => `const {${list}} = modules['${name}']`)
    .replace(/^import (\w+) from '([^']+)'$/gm, (_all, name, path) => `const ${name} = modules['${path}'].default`)
  const run = new Function(
    'modules',
    ...Object.keys(names),
    `${body}\nreturn typeof app === 'undefined' ? undefined : app`,
  )
  return { app: run(all, ...Object.values(names)) as Express, issuer }
}

export interface RunBlock {
  app: Express
  issuer: TestIssuer
}
