import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { rowsOf, sectionOf } from '../support/docs.js'
import { sources } from '../support/sources.js'

const rows = rowsOf(sectionOf(readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8'), '## Bounds'))

/** What a constant of a source file is worth: a product of numbers. */
function worthOf(file: string, name: string): number {
  const text = sources.find(known => known.file === file)?.text ?? ''
  const [, product = ''] = new RegExp(`\\b${name} = ([\\d_ *]+)`).exec(text) ?? []
  if (product === '') throw new Error(`${file} has no ${name}`)
  return product.split('*').reduce((all, factor) => all * Number(factor.replaceAll('_', '')), 1)
}

const KB = 1024
const MB = 1024 * KB
const server = 'authorization-server'

describe('SECURITY.md, the bounds', () => {
  const bounds: [row: RegExp, text: string, file: string, name: string, value: number][] = [
    [/^a token request/, '64 KB', `${server}/tokens/client-request.ts`, 'TOKEN_BODY_LIMIT', 64 * KB],
    [/^a request body of the management/, '4 MB', 'http/parameters.ts', 'MANAGEMENT_BODY_LIMIT', 4 * MB],
    [/^a request body of the management/, '32 levels', 'http/json.ts', 'MAX_DEPTH', 32],
    [/^a request body of the management/, '10 000 members', 'http/json.ts', 'MAX_MEMBERS', 10_000],
    [/^a request body of the management/, '250 000 values', 'http/json.ts', 'MAX_VALUES', 250_000],
    [/^the query or form of/, '64 KB', `${server}/authorize/parameters.ts`, 'LIMIT', 64 * KB],
    [/^the query or form of/, '512 KB', `${server}/authorize/decision-handler.ts`, 'FORM_LIMIT', 512 * KB],
    [/^open requests to/, '20,', `${server}/authorize/browser-cookie.ts`, 'MAX_COOKIES', 20],
    [/^open requests to/, '10 minutes', `${server}/authorize/browser-cookie.ts`, 'REQUEST_LIFETIME', 600],
    [/^sign-ins in a row/, '5', `${server}/authorize/sign-in.ts`, 'MAX_SIGN_INS', 5],
    [/^a user's claims/, '16 KB', `${server}/users/users.ts`, 'MAX_CLAIMS', 16 * KB],
    [/^answers of an issuer/, '10 000', 'resource-server/guard/introspection.ts', 'MAX_ANSWERS', 10_000],
    [/^answers of an issuer/, '1 000', 'resource-server/guard/introspection.ts', 'MAX_QUESTIONS', 1_000],
    [/^faults named/, '100', `${server}/schemas/validate.ts`, 'MAX_ISSUES', 100],
    [/^a page of a list/, '200 rows', `${server}/admin/listing.ts`, 'MAX_PAGE_SIZE', 200],
    [/^a page of a list/, '2 MB', 'store/page.ts', 'PAGE_BYTES', 2_000_000],
    [/^a page of a list/, '5 000 rows', 'store/page.ts', 'SCAN_ROWS', 5_000],
    [/^a page of a list/, '32 MB', 'store/page.ts', 'SCAN_BYTES', 32_000_000],
    [/^time that a search/, '4 ms', 'store/embedded/collect-page.ts', 'SLICE', 4],
    [/^a dry run/, '100 clients', `${server}/admin/tally.ts`, 'MAX_CLIENTS', 100],
    [/^a dry run/, '50 pages', `${server}/admin/tally.ts`, 'MAX_PAGES', 50],
    [/^a dry run/, '200 records', `${server}/admin/tally.ts`, 'PAGE', 200],
    [/^a scope of a preview/, '65 536', `${server}/schemas/preview.ts`, 'MAX_SCOPE', 65_536],
    [/^a query$/, '4 096 characters', 'query/parse.ts', 'MAX_LENGTH', 4_096],
    [/^a query$/, '50 terms', 'query/parse.ts', 'MAX_TERMS', 50],
    [/^one operation on MongoDB/, '1.5 s', 'store/mongo/mongo-store.ts', 'operationTimeout', 1_500],
    [/^one operation of the embedded/, '10 s', 'store/embedded/embedded-store.ts', 'OPERATION_TIMEOUT', 10_000],
    [/^one operation of .* a store of your own/, '10 s', 'store/deadline.ts', 'OPERATION_TIMEOUT', 10_000],
    [/^the answer of `\/health`/, '1.5 s', 'store/deadline.ts', 'PING_TIMEOUT', 1_500],
    [/^cached clients/, '10 000', `${server}/context/registry.ts`, 'MAX_RECORDS', 10_000],
    [/^cached clients/, '32 MiB', `${server}/context/registry.ts`, 'MAX_BYTES', 32 * MB],
    [/^cached clients/, '15 s', `${server}/context/registry.ts`, 'RECORD_AGE', 15_000],
    [/^cached clients/, '2 s', `${server}/context/registry.ts`, 'ABSENT_AGE', 2_000],
    [/^cached key rings/, '1 000', `${server}/keys/signing-keys.ts`, 'MAX_RINGS', 1_000],
    [/^cached key rings/, '30 s', `${server}/keys/signing-keys.ts`, 'RING_AGE', 30_000],
    [/^keys of an account/, '100', `${server}/keys/rotation.ts`, 'MAX_KEYS', 100],
    [/^verifiers/, '250', `${server}/tokens/own-verifiers.ts`, 'MAX_VERIFIERS', 250],
    [/^windows of the limits/, '20 000', `${server}/limits/limit.ts`, 'MAX_WINDOWS', 20_000],
    [/^questions to MongoDB/, '100', `${server}/limits/shared-counts.ts`, 'MAX_UNDER_WAY', 100],
    [/^questions to MongoDB/, '250 ms', `${server}/limits/shared-counts.ts`, 'DEADLINE', 250],
    [/^questions to MongoDB/, '1 s', `${server}/limits/shared-counts.ts`, 'PAUSE', 1_000],
    [/^a body that is read/, '10 s', 'http/intake.ts', 'DEADLINE', 10_000],
    [/^a sign-in at another/, '10 s', 'users/provider.ts', 'TIMEOUT', 10_000],
    [/^a sign-in at another/, '512 KB', 'users/attempt.ts', 'MAX_BYTES', 512 * KB],
    [/^a token client/, '256 KB', 'client/issuer-fetch.ts', 'MAX_BYTES', 256 * KB],
    [/^a token client/, '1 000', 'client/token-cache.ts', 'MAX_TOKENS', 1_000],
    [/^a token client/, '8 MiB', 'client/token-cache.ts', 'MAX_SIZE', 8 * MB],
    [/^values of a label/, '100', `${server}/metrics/labels.ts`, 'MAX_VALUES', 100],
    [/^uses of secrets/, '100', `${server}/clients/secret-uses.ts`, 'MAX_WRITES', 100],
    [/^management clients/, '1 000', `${server}/bootstrap/bootstrap.ts`, 'MAX_CREATED', 1_000],
    [/^records of the log that wait/, '10 000', `${server}/log/batch-queue.ts`, 'MAX_QUEUED', 10_000],
    [/^records of the log that wait/, '16 MB', `${server}/log/batch-queue.ts`, 'MAX_BYTES', 16 * MB],
    [/^records of the log that wait/, '200 ', `${server}/log/batch-queue.ts`, 'BATCH', 200],
    [/^permissions of a day's usage/, '1 000', `${server}/log/usage.ts`, 'MAX_FORMER', 1_000],
    [/^records of the log that a stranger/, '100 ', `${server}/log/stranger-limit.ts`, 'LIMIT', 100],
    [/^texts of a record/, '600', `${server}/log/entry.ts`, 'MAX_TEXT', 600],
    [/^texts of a record/, '4 096', `${server}/log/entry.ts`, 'MAX_SCOPE', 4_096],
    [/^texts of a record/, '1 KB', `${server}/admin/changes.ts`, 'MAX_VALUE', 1_024],
    [/^changes of the embedded/, '1 000', 'store/embedded/environment.ts', 'MAX_CHANGES', 1_000],
  ]
  for (const [row, text, file, name, value] of bounds) {
    it(`${text.replace(/,$/, '')}: ${name} of ${file}`, () => {
      const [, bound = ''] = rows.find(([what = '']) => row.test(what)) ?? []
      expect(bound).to.include(text)
      expect(worthOf(file, name)).to.equal(value)
    })
  }
})
