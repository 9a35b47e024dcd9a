import { existsSync, readdirSync } from 'node:fs'
import { expect } from 'chai'
import { readPage } from '../support/docs.js'

const DOCS = new URL('../../docs/', import.meta.url)

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

describe('docs', () => {
  for (const name of readdirSync(DOCS).filter(file => file.endsWith('.md'))) {
    it(`${name}: every link leads to a page, and to a heading that is there`, () => {
      for (const [, target = ''] of readPage(name).matchAll(/\]\(((?!https?:)[^)]+)\)/g)) {
        const [path = '', anchor] = target.split('#')
        expect(existsSync(new URL(path || name, DOCS)), target).to.equal(true)
        if (anchor !== undefined) expect(anchorsOf(readPage(path || name)), target).to.include(anchor)
      }
    })
  }
})
