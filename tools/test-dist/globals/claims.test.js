// Copied beside the tests of docs/testing.md: under Jest each test file has globals of its own.
const { createVerifier } = require('scopegate')
const { testIssuer } = require('scopegate/testing')

test('a claim that is a list, or an object, equals what is demanded', async () => {
  const issuer = await testIssuer({ audience: 'https://api.example.com' })
  const claims = { groups: ['a', 'b'], org: { id: 1, tags: [] } }
  const verifier = createVerifier({ ...issuer.resourceServerOptions, claims })
  const { payload } = await verifier.verify(await issuer.token({ claims }))
  expect(payload.org).toStrictEqual({ id: 1, tags: [] })
  const other = await issuer.token({ claims: { ...claims, groups: ['b', 'a'] } })
  await expect((async () => verifier.verify(other))()).rejects.toThrow(Error)
})

test('published keys are objects as any', async () => {
  const issuer = await testIssuer({ audience: 'https://api.example.com' })
  issuer.publish([{ kty: 'RSA' }])
  expect(issuer.jwks()).toStrictEqual({ keys: [{ kty: 'RSA' }] })
})
