import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import * as server from 'scopegate/server'
import * as users from 'scopegate/users'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { blocksOf, readPage, sectionOf } from '../support/docs.js'

const section = sectionOf(readPage('authorization-server.md'), '### Ready-made users')

describe('docs/authorization-server.md, ready-made users', () => {
  it('runs as it stands there', async () => {
    const [block = ''] = blocksOf(section)
    const modules = {
      express: { default: express },
      'scopegate/server': server,
      'scopegate/users': users,
      'scopegate/embedded': { embeddedStore: () => embeddedStore(':memory:') },
    }
    const body = block
      .replace(/^import \{([^}]*)\} from '([^']+)'$/gm, (_all, list, name) => `const {${list}} = modules['${name}']`)
      .replace(/^import (\w+) from '([^']+)'$/gm, (_all, name, path) => `const ${name} = modules['${path}'].default`)
    const run = new Function('modules', 'process', `return (async () => {${body}\nreturn { app, server }})()`)
    const made = await run(modules, { env: { LOGIN_CLIENT_SECRET: 'secret' } })
    try {
      const { text } = await request(made.app).get('/logout').expect(200)
      expect(text).to.include('You are not signed in here.')
    } finally {
      await made.server.close()
    }
  })

  it('names every option, and their bounds', () => {
    for (const name of ['issuer', 'clientId', 'clientSecret', 'scope', 'sessionLifetime'])
      expect(section).to.include(name)
    expect(section).to.match(/60 to 2 592 000, default 43 200/)
  })
})
