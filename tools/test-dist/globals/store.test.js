// Copied beside the tests of docs/testing.md: under Jest each test file has globals of its own.
const express = require('express')
const request = require('supertest')
const { embeddedStore } = require('scopegate/embedded')
const { authorizationServer } = require('scopegate/server')

test('dates stay dates, in what is written and in what is found', async () => {
  const store = embeddedStore(':memory:')
  const authorizeAdmin = () => ({ scopes: ['create:apis', 'read:apis', 'update:apis'] })
  const server = await authorizationServer({ issuer: 'http://localhost:3000', store, authorizeAdmin })
  const app = express().use(server.adminRouter)
  const ids = []
  for (const name of ['a', 'b', 'c']) {
    const { body } = await request(app)
      .post('/apis')
      .send({ name, identifier: `urn:test:${name}` })
      .expect(201)
    await request(app).post(`/apis/${body.id}`).send({ description: name }).expect(200)
    ids.unshift(body.id)
  }
  const { body } = await request(app)
    .get('/apis')
    .query({ query: 'is_system:false createdAt:>=2020-01-01' })
    .expect(200)
  expect(body.results.map(({ id }) => id)).toEqual(ids)
  for (const { createdAt, updatedAt } of body.results) {
    expect(createdAt).toMatch(/^\d{4}-.*Z$/)
    expect(updatedAt).toMatch(/^\d{4}-.*Z$/)
  }
  await server.close()
})
