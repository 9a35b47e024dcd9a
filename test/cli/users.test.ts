import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { PROVIDER_CLIENT, startProvider } from '../support/oidc-provider.js'
import { UserAgent } from '../support/user-agent.js'

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))

/** `scopegate serve` on any free port, on a store in memory. */
async function startService(
  env: Record<string, string>,
): Promise<{ child: ChildProcess; url: string; log: () => string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'serve'], {
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: ':memory:', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr?.on('data', chunk => {
      text += String(chunk)
    })
    child.stdout?.on('data', chunk => {
      text += String(chunk)
      const [, issuer] = /"issuer":"([^"]+)","address"/.exec(text) ?? []
      if (issuer !== undefined) resolve(issuer)
    })
    child.once('exit', () => reject(new Error(text)))
  })
  return { child, url, log: () => text }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close')
  child.kill('SIGTERM')
  await ended
}

describe('scopegate serve, where users sign in', () => {
  it('shows the demo’s names, and signs in who is chosen', async () => {
    const { child, url, log } = await startService({ DEMO_USERS: 'ada,grace' })
    try {
      const browser = new UserAgent('none:')
      const page = await browser.open(`${url}/login`)
      expect(page.text).to.include('value="grace"')
      expect(await browser.submit(page, ['user', 'ada'])).to.include({ status: 200 })
      const asked = await browser.open(`${url}/logout`)
      expect(asked.text).to.include('<bdi>ada</bdi>')
      expect((await browser.submit(asked)).text).to.include('not signed in')
    } finally {
      await stop(child)
    }
    expect(log()).to.include('"event":"user.signed_in"').and.not.to.include('anti_forgery')
  })

  it('sends users to the provider, below each account, and tells nobody the secret', async () => {
    const provider = await startProvider(Date.now)
    const { clientId, clientSecret } = PROVIDER_CLIENT
    const login = { LOGIN_ISSUER: provider.issuer, LOGIN_CLIENT_ID: clientId, LOGIN_CLIENT_SECRET: clientSecret }
    const { child, url, log } = await startService({ ...login, ACCOUNTS: 'acme,globex' })
    try {
      const browser = new UserAgent('none:')
      const { status, text } = await browser.open(`${url}/t/acme/login`)
      expect(status).to.equal(200)
      expect(text).to.include('You are signed in as <bdi>ada</bdi>')
      expect(provider.visits[0]?.get('redirect_uri')).to.equal(`${url}/t/acme/login/callback`)
      expect((await browser.open(`${url}/t/acme/logout`)).text).to.include('<form')
      expect((await browser.open(`${url}/t/globex/logout`)).text).not.to.include('<form')
      expect(await browser.open(`${url}/login`)).to.have.property('status', 404)
    } finally {
      await stop(child)
      await provider.stop()
    }
    expect(log()).to.include('/login').and.not.to.include(clientSecret).and.not.to.include('code=')
  })

  it('serves no sign-in where none is configured', async () => {
    const { child, url } = await startService({})
    try {
      for (const path of ['/login', '/login/callback', '/logout']) {
        expect((await fetch(url + path)).status, path).to.equal(404)
      }
    } finally {
      await stop(child)
    }
  })
})
