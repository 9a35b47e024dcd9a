import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { html } from '../../../lib/authorization-server/pages/html.js'
import { page, sendPage, sourceOf } from '../../../lib/authorization-server/pages/page.js'

async function answer(formAction?: readonly string[]): Promise<{ headers: Record<string, unknown>; body: string }> {
  const server = createServer((_req, res) => {
    sendPage(res, 200, { title: 'A <title>', body: html`<p>${'a & b'}</p>`, ...(formAction && { formAction }) })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    return await new Promise((resolve, reject) => {
      get(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async res => {
        let body = ''
        for await (const chunk of res) body += String(chunk)
        resolve({ headers: res.headers, body })
      }).on('error', reject)
    })
  } finally {
    server.close()
  }
}

describe('page', () => {
  it('cannot be framed, stored, or run a script', async () => {
    const { headers, body } = await answer()
    const [, nonce = ''] = /<style nonce="([\w-]+)">/.exec(body) ?? []
    expect(nonce).to.have.length(22)
    expect(headers).to.include({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    })
    expect(body).not.to.match(/<script|style=|javascript:/)
    expect(body).to.include('<h1>A &lt;title&gt;</h1>').and.to.include('<p>a &amp; b</p>')
  })

  it('has another nonce each time', async () => {
    const [first, second] = [await answer(), await answer()]
    expect(first.headers['content-security-policy']).not.to.equal(second.headers['content-security-policy'])
  })

  it('names where its forms may lead', async () => {
    const { headers } = await answer(['https://app.example'])
    expect(headers['content-security-policy']).to.include("form-action 'self' https://app.example;")
  })

  it('says what a reader needs: language, title, main heading, width', () => {
    const text = String(page('Sign in', html``, 'n'))
    expect(text).to.match(/^<!doctype html>\n<html lang="en">/)
    expect(text).to.include('<meta name="viewport" content="width=device-width, initial-scale=1">')
    expect(text).to.include('<title>Sign in</title>')
    expect(text.match(/<h1>/g)).to.have.length(1)
  })

  const sources = [
    { url: 'https://app.example:8443/callback?a=1', source: 'https://app.example:8443' },
    { url: 'http://127.0.0.1:3000/', source: 'http://127.0.0.1:3000' },
    { url: 'com.example.app:/callback', source: 'com.example.app:' },
    { url: 'http://[::1]:3000/', source: 'http:' },
    { url: 'https://a.example;frame-ancestors/', source: 'https:' },
    { url: 'https://a.example,b/', source: 'https:' },
  ]
  for (const { url, source } of sources) {
    it(`may lead to ${url} as ${source}`, () => expect(sourceOf(url)).to.equal(source))
  }
})
