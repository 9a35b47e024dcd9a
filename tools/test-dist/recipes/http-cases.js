import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { issuer } from './issuer.js'

const SCOPE = 'read:users'

/** The rows are run in their order: the issuer is down until the second. */
function rowsOf(challenge) {
  const named = 'Bearer realm="api", error='
  return [
    { name: 'an outage', token: { scope: SCOPE }, status: 503, error: 'temporarily_unavailable', retryAfter: true },
    { name: 'a good token', before: () => issuer.fail('none'), token: { scope: SCOPE, subject: 'ada' }, status: 200 },
    { name: 'no token', status: 401, error: 'unauthorized', challenge },
    { name: 'another scheme', authorization: 'Basic YTpi', status: 401, error: 'unauthorized', challenge },
    { name: 'an expired token', token: { scope: SCOPE, expiresIn: -60 }, status: 401, error: 'invalid_token', named },
    {
      name: 'a foreign audience',
      token: { scope: SCOPE, claims: { aud: 'other' } },
      status: 401,
      error: 'invalid_token',
      named,
    },
    {
      name: 'a token that is bound to a key',
      token: { scope: SCOPE, claims: { cnf: { jkt: 'x' } } },
      status: 401,
      error: 'invalid_token',
      named,
    },
    { name: 'another scope', token: { scope: 'write:users' }, status: 403, error: 'insufficient_scope', named },
    { name: 'two tokens', authorization: 'Bearer a, Bearer b', status: 400, error: 'invalid_request', named },
  ]
}

/**
 * What every recipe answers on its route for `read:users`.
 *
 * @param call takes an `Authorization` header, or undefined, and gives a `Response`
 * @param challenge that of a request without a credential
 */
export function describeRoute(title, call, challenge = `Bearer realm="api", scope="${SCOPE}"`) {
  describe(title, () => {
    for (const { name, before, token, authorization, ...expected } of rowsOf(challenge)) {
      it(`answers ${name} with ${expected.status}`, async () => {
        before?.()
        const sent = token === undefined ? authorization : await issuer.bearer(token)
        await check(await call(sent), expected)
      })
    }
  })

  async function check(answer, { status, error, challenge: exact, named, retryAfter = false }) {
    const text = await answer.text()
    assert.equal(answer.status, status, text)
    assert.match(answer.headers.get('content-type'), /^application\/json/)
    const body = JSON.parse(text)
    if (status === 200) return assert.deepEqual(body, { caller: 'ada' })
    assert.equal(body.error, error)
    assert.equal(typeof body.error_description, 'string')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.has('retry-after'), retryAfter)
    const found = answer.headers.get('www-authenticate')
    if (named === undefined) assert.equal(found, exact ?? null)
    else assert.ok(found.startsWith(`${named}"${error}"`), found)
  }
}
