import { cpus } from 'node:os'
import { inProcess } from './in-process.js'
import { startIssuer } from './issuer.js'
import { keySetLoad } from './key-set-load.js'
import { listApis } from './list-apis.js'
import { listLogs, tokensWithLog } from './logs.js'
import { memory } from './memory.js'
import { overHttp } from './over-http.js'
import { tokenEndpoint } from './token-endpoint.js'
import { userFlows } from './user-flows.js'

const table = (head, rows) => {
  const line = cells => `| ${cells.join(' | ')} |`
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n'))
}
const ratio = value => `${value >= 10 ? value.toFixed(0) : value.toFixed(2)} ×`
const integer = value => Math.round(value).toLocaleString('en')

const wanted = process.argv.slice(2)
const wants = section => wanted.length === 0 || wanted.includes(section)

const issuer = await startIssuer()
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0].model}\n`)

if (wants('in-process')) {
  const rows = await inProcess(issuer)
  console.log('Nanoseconds per verification, in process\n')
  const kinds = ['one hot token', '1 000 tokens', 'each new, one at a time', 'each new, 32 at a time']
  table(
    ['guard', ...kinds, 'hot, scopegate =', 'one new, bare verify =', '32 new, bare verify ='],
    rows.map(({ name, nanoseconds, hot, alone, fresh }) => {
      return [name, ...nanoseconds.map(integer), ...[hot, alone, fresh].map(ratio)]
    }),
  )
}
if (wants('http')) {
  const rows = await overHttp(issuer)
  console.log(
    "Over HTTP, medians of alternating windows: requests per second, and the server's processor time for each\n",
  )
  const head = ['requests/s', 'unprotected =', 'µs']
  table(
    ['route', ...head.map(text => `hot: ${text}`), ...head.map(text => `new: ${text}`)],
    rows.map(({ name, hot, fresh }) => [
      name,
      ...[hot, fresh].flatMap(({ rate, ratio: share, cpu }) => [integer(rate), ratio(share), integer(cpu)]),
    ]),
  )
}
if (wants('key-set')) {
  const rows = await keySetLoad()
  console.log('Fetches of the key set\n')
  table(
    ['guard', 'cold, 200 at once', '5 000 unknown kids', 'the flood took'],
    rows.map(({ name, cold, flood, seconds }) => [name, cold, flood, `${seconds.toFixed(1)} s`]),
  )
}
if (wants('memory')) {
  const { tokens, grownMiB, kept } = await memory()
  console.log(
    `${integer(tokens)} distinct tokens: heap ${grownMiB < 0 ? '' : '+'}${grownMiB.toFixed(1)} MiB; the token in use ${kept ? 'was answered from the cache all the while' : 'was pushed out'}\n`,
  )
}
if (wants('token')) {
  const rows = await tokenEndpoint()
  console.log('POST /oauth/token, client credentials: tokens per second, medians of alternating windows\n')
  table(
    ['endpoint', 'tokens per second', 'only signs =', 'µs'],
    rows.map(({ name, rate, ratio: share, cpu }) => [name, integer(rate), ratio(share), integer(cpu)]),
  )
}
if (wants('users')) {
  const rows = await userFlows()
  console.log('Users, embedded store: flows per second, medians of alternating windows\n')
  table(
    ['flow', 'per second', 'client credentials =', 'µs'],
    rows.map(({ name, rate, ratio: share, cpu }) => [name, integer(rate), ratio(share), integer(cpu)]),
  )
}
if (wants('apis')) {
  const rows = await listApis()
  console.log('GET /apis among 100 000, a page of 50, embedded store\n')
  table(
    ['page', 'milliseconds', 'first page ='],
    rows.map(({ name, milliseconds }) => [name, milliseconds.toFixed(2), ratio(milliseconds / rows[0].milliseconds)]),
  )
}
if (wants('logs')) {
  const { many, rows } = await listLogs()
  console.log(`GET /logs among 1 000 and ${integer(many)} records, a page of 50, embedded store, milliseconds\n`)
  table(
    ['page', 'among 1 000', `among ${integer(many)}`, 'among 1 000 ='],
    rows.map(({ name, few, many: ms }) => [name, few.toFixed(2), ms.toFixed(2), ratio(ms / few)]),
  )
}
if (wants('token-log')) {
  const rows = await tokensWithLog()
  console.log('POST /oauth/token, client credentials, with and without the log, embedded store\n')
  table(
    ['endpoint', 'tokens per second', 'no log =', 'µs'],
    rows.map(({ name, rate, ratio: share, cpu }) => [name, integer(rate), ratio(share), integer(cpu)]),
  )
}
await issuer.close()
process.exit(0)
