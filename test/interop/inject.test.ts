import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

const SCRIPT = fileURLToPath(new URL('./injected.ts', import.meta.url))

describe('requests that light-my-request injects', () => {
  let statuses: Record<string, Record<string, number>>

  before(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', SCRIPT])
    statuses = JSON.parse(stdout)
  })

  for (const version of [5, 4]) {
    for (const parser of ['no parser', 'express.text', 'express.raw', 'express.json and express.urlencoded']) {
      it(`Express ${version}, ${parser}`, () => {
        const parsed = parser.includes('json')
        expect(statuses[`Express ${version}, ${parser}`]).to.deep.equal({
          token: 200,
          'token, JSON': 200,
          'token, scope twice': 400,
          // What a parser has made of the body has no length.
          'token, too large': parsed ? 401 : 413,
          'token, not POST': 405,
          management: 201,
          'management, not JSON': 415,
          guarded: 200,
          'guarded, no token': 401,
        })
      })
    }
  }
})
