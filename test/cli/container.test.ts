import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The instructions of the stages of the Dockerfile. */
function readStages(): { name: string; text: string }[][] {
  const stages: { name: string; text: string }[][] = []
  for (const line of read('Dockerfile').split('\n')) {
    const [, name = '', text = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push([])
    if (name !== '') stages.at(-1)?.push({ name, text })
  }
  return stages
}

describe('the container image', function container() {
  this.timeout(300_000)
  const [build = [], image = []] = readStages()
  const textsOf = (stage: typeof build, name: string) => stage.filter(line => line.name === name).map(line => line.text)
  // Where tests run as root, `nobody` runs the service, which can write its data folder alone.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  let scratch: string
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'scopegate-image-'))
    if ('uid' in user) return run('chmod', ['755', scratch])
    return undefined
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  it('is built of what .dockerignore lets in, and runs as a user that is not root', () => {
    const sources = textsOf(build, 'COPY').flatMap(text => text.split(' ').slice(0, -1))
    const allowed = read('.dockerignore').match(/(?<=^!).+$/gm)
    expect(sources.map(path => path.replace(/^\.\//, ''))).to.have.members(allowed ?? [])
    expect(textsOf(image, 'USER')).to.deep.equal(['node'])
    expect(textsOf(image, 'ENV').join(' ')).to.match(/HOST=0\.0\.0\.0\b.*DATA_DIR=\/data\b/)
    expect(textsOf(image, 'VOLUME')).to.deep.equal(['/data'])
  })

  it('builds, starts as another user, is healthy, and stops', async () => {
    const app = join(scratch, 'app')
    mkdirSync(app)
    for (const { name, text } of build) {
      const words = text.split(' ')
      if (name === 'RUN') await run('sh', ['-c', text], { cwd: app, maxBuffer: 1e8 })
      if (name !== 'COPY') continue
      const into = words.at(-1) ?? ''
      for (const path of words.slice(0, -1)) {
        cpSync(join(root, path), into.endsWith('/') ? join(app, into, path) : join(app, into), { recursive: true })
      }
    }
    for (const name of ['express', 'mongoose']) expect(existsSync(join(app, 'node_modules', name)), name).to.equal(true)
    expect(existsSync(join(app, 'node_modules/typescript'))).to.equal(false)
    const data = join(scratch, 'data')
    mkdirSync(data, { mode: 0o700 })
    if ('uid' in user) await run('chown', [`${user.uid}:${user.gid}`, data])
    const [command = '', ...args] = JSON.parse(textsOf(image, 'CMD')[0] ?? '')
    const env = { PATH: process.env['PATH'], HOST: '0.0.0.0', PORT: '0', DATA_DIR: data }
    const service = spawn(command, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'inherit'], ...user })
    let output = ''
    service.stdout.on('data', chunk => {
      output += chunk
    })
    while (!output.includes('"listening"') && service.exitCode === null) await once(service.stdout, 'data')
    const port = new URL(/"address":"([^"]+)"/.exec(output)?.[1] ?? '').port
    const [probe = '', ...probeArgs] = JSON.parse(/CMD (.*)$/.exec(textsOf(image, 'HEALTHCHECK')[0] ?? '')?.[1] ?? '')
    await run(probe, probeArgs, { env: { ...env, PORT: port } })
    expect(statSync(join(data, 'data.mdb')).uid).to.equal(user.uid ?? process.getuid?.())
    const closed = once(service, 'close')
    service.kill('SIGTERM')
    expect((await closed)[0]).to.equal(0)
    const sick = await run(probe, probeArgs, { env: { ...env, PORT: port } }).catch(error => error)
    expect(sick.code).to.equal(1)
  })
})
