import { expect } from 'chai'
import request from 'supertest'
import { API_CREATION, API_UPDATE } from '../../lib/authorization-server/schemas/api.js'
import { CLIENT_CREATION, CLIENT_UPDATE, SECRET_CREATION } from '../../lib/authorization-server/schemas/client.js'
import type { Schema } from '../../lib/authorization-server/schemas/validate.js'
import { adminApp } from '../support/admin-app.js'
import { readPage } from '../support/docs.js'
import { bodyWith, type FieldRow, fieldsOf, limitsOf, membersOf, parentOf, valueAt } from '../support/field-tables.js'
import { storeEngines } from '../support/stores.js'

const page = readPage('management-api.md')

type Body = Record<string, unknown>

interface Answer {
  status: number
  body: Body
}

/** One resource: its table, its schemas, and how it is really made, read and changed. */
interface Resource {
  heading: string
  creation: Schema
  /** Absent: it cannot be changed. */
  update?: Schema
  create(body: Body): Promise<Answer>
  /** What is shown of it later. */
  read(created: Body): Promise<Body>
  change?(created: Body, body: Body): Promise<Answer>
}

describe('docs/management-api.md: fields', () => {
  let app: Awaited<ReturnType<typeof adminApp>>
  let clientId = ''

  const post = (path: string, body: Body): Promise<Answer> => request(app.app).post(path).send(body)
  const get = async (path: string): Promise<Body> => (await request(app.app).get(path).expect(200)).body

  before(async () => {
    const [engine] = storeEngines
    if (engine === undefined) throw new Error('there is no engine')
    app = await adminApp(engine)
  })
  beforeEach(async () => {
    const { body } = await post('/clients', { name: 'Has secrets' })
    clientId = String(body['client_id'])
  })
  afterEach(async () => {
    const { results } = await get('/apis')
    for (const { id, is_system } of results as Body[]) if (!is_system) await request(app.app).delete(`/apis/${id}`)
  })
  after(() => app.server.close())

  const resources: Resource[] = [
    {
      heading: '## An API',
      creation: API_CREATION,
      update: API_UPDATE,
      create: body => post('/apis', body),
      read: ({ id }) => get(`/apis/${id}`),
      change: ({ id }, body) => post(`/apis/${id}`, body),
    },
    {
      heading: '## A client',
      creation: CLIENT_CREATION,
      update: CLIENT_UPDATE,
      create: body => post('/clients', body),
      read: ({ id }) => get(`/clients/${id}`),
      change: ({ id }, body) => post(`/clients/${id}`, body),
    },
    {
      heading: '## A secret',
      creation: SECRET_CREATION,
      create: body => post(`/clients/${clientId}/secrets`, body),
      async read({ id }) {
        const { secrets } = await get(`/clients/${clientId}`)
        return (secrets as Body[]).find(secret => secret['id'] === id) ?? {}
      },
    },
  ]

  for (const { heading, creation, update, create, read, change } of resources) {
    describe(heading.slice(3), () => {
      const rows = fieldsOf(page, heading)
      const members = membersOf(creation)
      const rowOf = (path: string): FieldRow | undefined => rows.find(row => row.path === path)

      /** Those members of one object that must be given, as in the examples; one may be left out. */
      function required(parent: string, without = ''): Body {
        const siblings = rows.filter(({ path }) => parentOf(path) === parent && path !== without)
        const given = siblings.filter(row => row.default.kind === 'given')
        return Object.fromEntries(given.map(({ path, example }) => [path.split('.').at(-1) ?? '', example]))
      }

      /** The smallest body in which the object that holds the field is, without the field. */
      function withoutField(path: string): Body {
        const parent = parentOf(path)
        if (parent === '') return required('', path)
        return { ...required(''), ...bodyWith(parent, required(parent, path)) }
      }

      it('has a row for every field that may be given or is shown, and no other', async () => {
        const { status, body } = await create(required(''))
        expect(status).to.equal(201)
        const shown = new Set([
          ...members.map(({ path }) => path),
          ...Object.keys(body),
          ...Object.keys(await read(body)),
        ])
        expect(rows.map(({ path }) => path)).to.have.members([...shown])
      })

      it('says what is read-only, and what is immutable', () => {
        const changeable = new Set(membersOf(update ?? { type: 'object' }).map(({ path }) => path))
        const given = members.map(({ path }) => path)
        const writable = rows.filter(row => !row.isReadOnly).map(({ path }) => path)
        expect(writable).to.have.members(given)
        expect(rows.filter(row => row.isImmutable).map(({ path }) => path)).to.have.members(
          given.filter(path => !changeable.has(path)),
        )
      })

      for (const { path, schema } of members) {
        it(`${path}: says its limits, and its values`, () => {
          const rule = (rowOf(path)?.rule ?? '').replace(/(?<=\d) (?=\d{3})/g, '')
          for (const limit of limitsOf(schema)) expect(rule).to.match(new RegExp(`(?<!\\w)${limit}(?!\\w)`))
        })
      }

      for (const row of rows) {
        it(`${row.path}: says what it is where it is not given`, async () => {
          const { status, body } = await create(withoutField(row.path))
          if (row.default.kind === 'given') {
            expect(status).to.equal(400)
            expect(JSON.stringify(body)).to.include(`"${row.path.replace('[]', '[0]')}","message":"is required"`)
            return
          }
          expect(status, JSON.stringify(body)).to.equal(201)
          const value = valueAt({ ...(await read(body)), ...body }, row.path)
          if (row.default.kind === 'value') expect(value).to.deep.equal(row.default.value)
          else if (row.default.kind === 'absent') expect(value).to.equal(undefined)
          else expect(value).not.to.equal(undefined)
        })

        it(`${row.path}: ${row.isReadOnly ? 'is refused' : 'takes its example'}`, async () => {
          const body = withoutField(row.path)
          const parent = parentOf(row.path)
          const name = row.path.split('.').at(-1) ?? ''
          const object = parent === '' ? body : valueAt(body, parent)
          const full = { ...(object as Body), [name]: row.example }
          const answer = await create(parent === '' ? full : { ...body, ...bodyWith(parent, full) })
          expect(answer.status, JSON.stringify(answer.body)).to.equal(row.isReadOnly ? 400 : 201)
          if (row.isReadOnly) return
          expect(valueAt(answer.body, row.path)).to.deep.equal(row.example)
          if (change === undefined || parent !== '') return
          const changed = await change(answer.body, { [name]: row.example })
          expect(changed.status).to.equal(row.isImmutable ? 400 : 200)
        })
      }

      it('has examples of read-only fields that are like the real ones', async () => {
        const { body } = await create(required(''))
        const real = { ...(await read(body)), ...body }
        const like = (value: unknown): unknown => (typeof value === 'string' ? shapeOf(value) : typeof value)
        for (const { path, example } of rows.filter(row => row.isReadOnly && row.default.kind === 'server')) {
          expect(like(example), path).to.equal(like(valueAt(real, path)))
        }
      })
    })
  }
})

/** Letters and digits as such, so that two ids, two secrets or two times are the same; what separates them is kept. */
const shapeOf = (text: string): string => {
  if (!/^(?:[a-z]{3}_[0-9a-z]{26}$|\d{4}-)/.test(text)) return `${text.length} characters`
  return text.replace(/^([a-z]{3}_)?(.*)$/, (_all, prefix = '', rest) => prefix + rest.replace(/[a-z0-9]/g, 'x'))
}
