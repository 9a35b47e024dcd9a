import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { expect } from 'chai'
import { formatCell, pad, widthOf } from '../../../lib/cli/output/cells.js'
import { printable, printableJson } from '../../../lib/cli/output/printable.js'
import { Table } from '../../../lib/cli/output/table.js'
import type { Output } from '../../../lib/cli/io.js'
import { ENV, fakeServer, runCli } from '../../support/cli.js'
import { MAIN } from '../../support/command.js'
import { managedServer } from '../../support/managed-server.js'
import { requireCommand } from '../../support/require-command.js'

/** What steers a terminal, or what is shown. */
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u

describe('what is printed', () => {
  const texts = [
    '\u001b]0;title\u0007',
    '\u009b31m',
    'a\r\nb\tc',
    '\u202egnp.exe',
    'a\u2028b',
    '\ufeff',
    '\u0000',
    '\ud800',
  ]
  for (const text of texts) {
    it(`steers no terminal: ${JSON.stringify(text)}`, () => {
      expect(printable(text)).not.to.match(STEERING)
      expect(formatCell(text)).not.to.match(STEERING)
      const json = printableJson({ [text]: [text] })
      expect(json).not.to.match(STEERING)
      expect(JSON.parse(json)).to.deep.equal({ [text]: [text] })
    })
  }

  it('leaves every other text as it is', () => {
    for (const text of ['', 'Zürich', '日本', '😀', 'a\\nb', '"']) expect(printable(text)).to.equal(text)
  })

  it('has columns that stand below each other, cut on a terminal alone', () => {
    expect(widthOf('e\u0301')).to.equal(1)
    expect(widthOf('日本😀')).to.equal(6)
    expect(pad('日本', 6)).to.equal('日本  ')
    const rows = [
      { a: '日本', b: 'x' },
      { a: 'abcdef', b: 'x'.repeat(80) },
    ]
    for (const isTerminal of [false, true]) {
      const [head = '', first = '', second = ''] = new Table(['a', 'b'], { isTerminal }).format(rows).split('\n')
      expect([head.indexOf('B'), first.indexOf('x'), second.indexOf('x')]).to.deep.equal([8, 6, 8])
      expect(second.length).to.equal(isTerminal ? 8 + 60 : 8 + 80)
      expect(second.endsWith('…')).to.equal(isTerminal)
    }
  })

  it('keeps the widths of the first page, and one head', () => {
    const table = new Table(['a', 'b'], { isTerminal: false })
    expect(table.format([{ a: 'aaa', b: 1 }])).to.equal('A    B\naaa  1\n')
    expect(table.format([{ a: 'a', b: 2 }])).to.equal('a    2\n')
  })
})

describe('a list', () => {
  /** A list of `count` pages, one row each. */
  const pages = (count: number) =>
    fakeServer(({ target }) => {
      const at = Number(new URL(target, 'http://a').searchParams.get('next') ?? 0)
      return { body: { results: [{ id: `id_${at}` }], next: at + 1 < count ? String(at + 1) : null } }
    })

  for (const format of ['--jsonl', '--json', '--limit=1000']) {
    it(`asks for a page when the one before is written (${format})`, async () => {
      const { fetch, calls } = pages(5)
      const asked: number[] = []
      let release: () => void = () => undefined
      const slow: Output = new Writable({
        write(_chunk, _encoding, done) {
          asked.push(calls.length)
          release = done
          setImmediate(() => setImmediate(release))
        },
      })
      expect((await runCli(['apis', 'list', format], { env: ENV, fetch, stdout: slow })).code).to.equal(0)
      expect(asked.slice(0, 5)).to.deep.equal([1, 2, 3, 4, 5])
    })
  }

  it('stops asking when nobody reads any more, and says nothing', async () => {
    const { fetch, calls } = pages(50)
    const closing: Output = new Writable({
      write(_chunk, _encoding, done) {
        done(calls.length === 3 ? Object.assign(new Error('broken pipe'), { code: 'EPIPE' }) : null)
      },
    })
    const { code, stderr } = await runCli(['apis', 'list', '--jsonl'], { env: ENV, fetch, stdout: closing })
    expect({ code, stderr, calls: calls.length }).to.deep.equal({ code: 0, stderr: '', calls: 3 })
  })

  it('says where the output cannot be written', async () => {
    const full: Output = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    })
    const { code, stderr } = await runCli(['apis', 'list'], { env: ENV, fetch: pages(2).fetch, stdout: full })
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: 'scopegate: the output cannot be written: ENOSPC\n' })
  })

  it('that breaks off is no JSON document', async () => {
    const broken = fakeServer(({ target }) =>
      target.includes('next') ? { status: 503, body: {} } : { body: { results: [{ id: 'a' }], next: 'n' } },
    )
    const { code, stdout } = await runCli(['apis', 'list', '--json'], { env: ENV, fetch: broken.fetch })
    expect(code).to.equal(1)
    expect(() => JSON.parse(stdout)).to.throw()
  })

  it('ends with 0 where head has seen enough', async function inShell() {
    this.timeout(60_000)
    requireCommand(this, ['bash', '-c', 'head --version'])
    const { env, stop } = await managedServer()
    const line = `"$0" --import tsx "$1" apis list --jsonl | head -c 1; echo "\${PIPESTATUS[0]}"`
    const shell = spawn('bash', ['-c', line, process.execPath, MAIN], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    shell.stdout.on('data', chunk => {
      stdout += chunk
    })
    shell.stderr.on('data', chunk => {
      stderr += chunk
    })
    await once(shell, 'close')
    await stop()
    expect({ stdout, stderr }).to.deep.equal({ stdout: '{0\n', stderr: '' })
  })
})
