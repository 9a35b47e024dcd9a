import { expect } from 'chai'
import type { Express } from 'express'
import request from 'supertest'
import type { AuthorizationServer } from '../../../lib/authorization-server/index.js'
import { adminApp } from '../../support/admin-app.js'
import { describeStores } from '../../support/stores.js'

const IDENTIFIER = 'https://api.example.com'
const MINIMAL = { name: 'Internal API', identifier: IDENTIFIER }

describeStores('management of APIs', engine => {
  let app: Express
  let server: AuthorizationServer
  beforeEach(async () => {
    ;({ app, server } = await adminApp(engine))
  })
  afterEach(() => server.close())

  const create = (body: object) => request(app).post('/apis').send(body)
  async function created(body: object = MINIMAL): Promise<string> {
    const answer = await create(body).expect(201)
    return answer.body.id
  }

  it('fills in every default, and says where the API is', async () => {
    const { body, headers } = await request(app).post('/admin/apis').send(MINIMAL).expect(201)
    expect(body).to.deep.include({
      slug: 'internal-api',
      permissions: [],
      signing_alg: 'RS256',
      token_dialect: 'access_token',
      token_lifetime: 86_400,
      enforce_policies: true,
      allow_offline_access: false,
      skip_consent: false,
      is_system: false,
    })
    expect(body.id).to.match(/^api_[0-9a-z]{26}$/)
    expect(body).not.to.have.any.keys('account', 'revision', '_id', '_search', '_unique')
    expect(headers['location']).to.equal(`/admin/apis/${body.id}`)
    expect(headers['etag']).to.equal('"1"')
    const read = await request(app)
      .get(headers['location'] ?? '')
      .expect(200)
    expect(read.body).to.deep.equal(body)
  })

  const long = (length: number) => 'x'.repeat(length)
  const values: Record<string, { good: unknown[]; bad: unknown[] }> = {
    token_lifetime: { good: [60, 2_592_000], bad: [59, 2_592_001, '3600', 3600.5, null, true, 1e13, -60, [60]] },
    identifier: {
      good: [
        'https://api.example.com:8443/v1?x=1',
        'urn:example:api',
        'api://default',
        `https://a.example/${long(582)}`,
      ],
      bad: [
        '/relative',
        'api.example.com',
        'https://a.example#f',
        'https://a.example/ b',
        'https://a.example\n',
        ' https://a.example',
        'javascript:alert(1)',
        'JavaScript:alert(1)',
        'data:text/plain,x',
        'file:///etc/passwd',
        'https://user:pw@a.example',
        'https://',
        'urn:x',
        'https://ä.example',
        `https://a.example/${long(583)}`,
        '',
        7,
        null,
      ],
    },
    name: {
      good: [long(200), 'Ünïcode ✓', '😀'.repeat(200)],
      bad: ['', '   ', long(201), 'a\u0000b', 'a\nb', null, 5],
    },
    slug: { good: ['a', 'my-api-2'], bad: ['A', 'ä', 'a_b', '', '-', null] },
    description: { good: ['', long(500)], bad: [long(501), null, 1] },
    signing_alg: { good: ['RS256'], bad: ['HS256', 'none', 'rs256', null] },
    token_dialect: { good: ['access_token', 'access_token_authz'], bad: ['jwt', null] },
    enforce_policies: { good: [true, false], bad: ['true', 1, null] },
    skip_consent: { good: [true], bad: ['', 0] },
    permissions: {
      good: [[], [{ value: 'read:users', description: '' }], [{ value: long(280) }]],
      bad: [
        null,
        {},
        ['read:users'],
        [{ value: 'a b' }],
        [{ value: '' }],
        [{ value: 'a"b' }],
        [{ value: long(281) }],
        [{ value: 'openid' }],
        [{ value: 'offline_access' }],
        [{ value: 'a' }, { value: 'a', description: 'again' }],
        [{ value: 'a', extra: 1 }],
        [{ description: 'no value' }],
        Array.from({ length: 1001 }, (_, i) => ({ value: `p${i}` })),
      ],
    },
  }
  for (const [field, { good, bad }] of Object.entries(values)) {
    it(`${field}: accepts what the rules allow`, async () => {
      for (const [i, value] of good.entries()) {
        const { body } = await create({ ...MINIMAL, identifier: `https://n${i}.example`, [field]: value }).expect(201)
        expect(body[field]).to.deep.equal(value)
      }
    })
    it(`${field}: refuses the rest, on creation and on update, and changes nothing`, async () => {
      const id = await created()
      for (const value of bad) {
        const shown = JSON.stringify(value)?.slice(0, 60)
        const answer = await create({ name: 'Other', identifier: 'https://other.example', [field]: value })
        expect(answer.status, shown).to.equal(400)
        expect(answer.body.error_code).to.equal('validation_error')
        expect(answer.body.details.fields, shown).to.deep.equal([field])
        const update = await request(app)
          .post(`/apis/${id}`)
          .send({ [field]: value })
        expect(update.status, shown).to.equal(400)
      }
      const { body } = await request(app).get('/apis?query=is_system:false')
      expect(body.results).to.have.length(1)
    })
  }

  const unknown = [
    { description: 'an unknown field', body: { colour: 'red' }, path: 'colour' },
    { description: 'a read-only field', body: { is_system: true }, path: 'is_system' },
    { description: 'an id', body: { id: 'api_x' }, path: 'id' },
    { description: 'a field of a permission', body: { permissions: [{ value: 'a', x: 1 }] }, path: 'permissions[0].x' },
  ]
  for (const { description, body, path } of unknown) {
    it(`refuses ${description}, and names it`, async () => {
      const answer = await create({ ...MINIMAL, ...body }).expect(400)
      expect(answer.body.details.issues.map((issue: { path: string }) => issue.path)).to.deep.equal([path])
    })
  }

  it('reports all faults at once', async () => {
    const { body } = await create({ name: '', token_lifetime: 'x', colour: 1 }).expect(400)
    expect(body.details.fields).to.have.members(['name', 'token_lifetime', 'colour', 'identifier'])
  })

  const bodies = [
    { description: 'no JSON', type: 'application/json', body: '{"name":', status: 400, code: 'validation_error' },
    { description: 'a list', type: 'application/json', body: '[]', status: 400, code: 'validation_error' },
    { description: 'null', type: 'application/json', body: 'null', status: 400, code: 'validation_error' },
    { description: 'nothing', type: 'application/json', body: '', status: 400, code: 'validation_error' },
    {
      description: 'a prototype',
      type: 'application/json',
      body: '{"__proto__":{}}',
      status: 400,
      code: 'validation_error',
    },
    {
      description: 'a member twice',
      type: 'application/json',
      body: '{"name":"a","name":"b"}',
      status: 400,
      code: 'validation_error',
    },
    {
      description: 'a form',
      type: 'application/x-www-form-urlencoded',
      body: 'name=a',
      status: 415,
      code: 'unsupported_media_type',
    },
    {
      description: '4 MB',
      type: 'application/json',
      body: `"${long(4 * 1024 * 1024 - 2)}"`,
      status: 400,
      code: 'validation_error',
    },
    {
      description: 'a byte more than 4 MB',
      type: 'application/json',
      body: `"${long(4 * 1024 * 1024 - 1)}"`,
      status: 413,
      code: 'payload_too_large',
    },
    {
      description: '10 001 members',
      type: 'application/json',
      body: JSON.stringify(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [i, 0]))),
      status: 400,
      code: 'validation_error',
    },
  ]
  for (const { description, type, body, status, code } of bodies) {
    it(`answers a body of ${description} with ${status}`, async () => {
      const answer = await request(app).post('/apis').set('content-type', type).send(body)
      expect(answer.status).to.equal(status)
      expect(answer.body.error_code).to.equal(code)
      expect(answer.text).not.to.match(/ at |node_modules|SyntaxError/)
    })
  }

  it('takes the largest API that is legal, and gives it back as it came', async () => {
    const largest = {
      name: '😀'.repeat(200),
      slug: long(200),
      identifier: `https://a.example/${long(582)}`,
      description: '😀'.repeat(500),
      permissions: Array.from({ length: 1000 }, (_, i) => {
        return { value: `${i}`.padStart(280, 'p'), description: '😀'.repeat(500) }
      }),
    }
    const { body } = await create(largest).expect(201)
    expect(body).to.deep.include(largest)
    const read = await request(app).get(`/apis/${body.id}`).expect(200)
    expect(read.body).to.deep.equal(body)
    const { permissions } = largest
    const changed = await request(app)
      .post(`/apis/${body.id}`)
      .send({ permissions: permissions.toReversed() })
      .expect(200)
    expect(changed.body.permissions).to.deep.equal(permissions.toReversed())
  })

  it('tells identifiers apart byte by byte', async () => {
    await created()
    await created({ ...MINIMAL, identifier: `${IDENTIFIER}/` })
    const answer = await create(MINIMAL).expect(409)
    expect(answer.body.error_code).to.equal('already_exists')
    expect(answer.body.details.fields).to.deep.equal(['identifier'])
    await create({ ...MINIMAL, identifier: 'urn:scopegate:management' }).expect(409)
  })

  it('gives twenty parallel creations with one name twenty slugs', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => create({ ...MINIMAL, identifier: `https://p${i}.example` })),
    )
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(201))
    const slugs = answers.map(({ body }) => body.slug).sort()
    const numbered = ['internal-api', ...Array.from({ length: 19 }, (_, i) => `internal-api-${i + 2}`)].sort()
    expect(slugs).to.deep.equal(numbered)
  })

  it('finds a free slug of a name that hundreds have in a few steps, and fills a gap or goes on', async () => {
    const { apis } = server.context.records
    const { body } = await create(MINIMAL).expect(201)
    const first = await apis.get('default', body.id)
    if (first === null) return expect.fail('nothing was made')
    for (let i = 2; i <= 600; i++) {
      await apis.insert({ ...first, id: `api_${i}`, slug: `internal-api-${i}`, identifier: `https://s${i}.example` })
    }
    const { find, insert } = apis
    let steps = 0
    apis.find = (...call) => {
      steps++
      return find.apply(apis, call)
    }
    apis.insert = record => {
      steps++
      return insert.call(apis, record)
    }
    const next = await create({ ...MINIMAL, identifier: 'https://next.example' }).expect(201)
    expect(next.body.slug).to.equal('internal-api-601')
    expect(steps).to.be.below(30)
    await apis.remove('default', 'api_300')
    const { slug } = (await create({ ...MINIMAL, identifier: 'https://later.example' }).expect(201)).body
    expect(slug).to.match(/^internal-api-(?:300|602)$/)
  })

  it('lets one of twenty parallel creations have an identifier', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(MINIMAL)))
    expect(answers.filter(({ status }) => status === 201)).to.have.length(1)
    expect(answers.filter(({ status }) => status === 409)).to.have.length(19)
  })

  it('derives slugs from any script, falls back to the id, and never changes one that was given', async () => {
    const slugs = [
      ['Crème brûlée!', 'creme-brulee'],
      ['Привет мир', 'privet-mir'],
    ] as const
    for (const [i, [name, slug]] of slugs.entries()) {
      expect((await create({ name, identifier: `https://s${i}.example` })).body.slug).to.equal(slug)
    }
    const { body } = await create({ name: '—', identifier: 'https://dash.example' }).expect(201)
    expect(body.slug).to.equal(body.id.replace('_', '-'))
    await create({ ...MINIMAL, identifier: 'https://taken.example', slug: 'privet-mir' }).expect(409)
  })

  it('shows which permissions are deprecated, and grants them still', async () => {
    const permissions = [{ value: 'a', deprecated: true }, { value: 'b', deprecated: false }, { value: 'c' }]
    const id = await created({ ...MINIMAL, permissions })
    const read = async () => (await request(app).get(`/apis/${id}`).expect(200)).body.permissions
    expect(await read()).to.deep.equal(permissions)
    const client = (await request(app).post('/clients').send({ name: 'A' }).expect(201)).body
    const token = await request(app)
      .post('/oauth/token')
      .auth(client.client_id, client.client_secret)
      .send({ grant_type: 'client_credentials', audience: IDENTIFIER })
      .expect(200)
    expect(token.body.scope).to.equal('a b c')
    await request(app)
      .post(`/apis/${id}`)
      .send({ permissions: [{ value: 'a' }, { value: 'c', deprecated: true }] })
      .expect(200)
    expect(await read()).to.deep.equal([{ value: 'a' }, { value: 'c', deprecated: true }])
    const { body } = await request(app).get('/apis').query({ query: 'permission:c' }).expect(200)
    expect(body.results[0].permissions).to.deep.equal(await read())
  })

  for (const deprecated of ['true', 1, null, {}, []]) {
    it(`refuses a permission whose deprecated is ${JSON.stringify(deprecated)}`, async () => {
      const { body } = await create({ ...MINIMAL, permissions: [{ value: 'a', deprecated }] }).expect(400)
      expect(body.details.issues).to.deep.equal([{ path: 'permissions[0].deprecated', message: 'must be boolean' }])
    })
  }

  it('changes what an update names, replaces the list of permissions, and takes {} for nothing', async () => {
    const id = await created({ ...MINIMAL, description: 'old', permissions: [{ value: 'a' }, { value: 'b' }] })
    const changed = await request(app)
      .post(`/apis/${id}`)
      .send({ permissions: [{ value: 'c' }] })
      .expect(200)
    expect(changed.body.permissions).to.deep.equal([{ value: 'c' }])
    expect(changed.body.description).to.equal('old')
    expect(changed.headers['etag']).to.equal('"2"')
    const same = await request(app).post(`/apis/${id}`).send({}).expect(200)
    expect(same.body).to.deep.equal(changed.body)
    expect(same.headers['etag']).to.equal('"2"')
    await request(app).post(`/apis/${id}`).send({ identifier: IDENTIFIER }).expect(400)
  })

  const tags = [
    { header: '"1"', status: 200 },
    { header: '*', status: 200 },
    { header: '"7", "1"', status: 200 },
    { header: '"1", "x,y"', status: 200 },
    { header: '"x,y","1"', status: 200 },
    { header: ' , "1" ,, ', status: 200 },
    { header: 'W/"x", "1"', status: 200 },
    { header: '"x,1"', status: 412 },
    { header: '"x,"1"', status: 412 },
    { header: '"1" "2"', status: 412 },
    { header: '"1', status: 412 },
    { header: '*, "1"', status: 412 },
    { header: '"2"', status: 412 },
    { header: 'W/"1"', status: 412 },
    { header: '1', status: 412 },
    { header: '', status: 412 },
  ]
  for (const { header, status } of tags) {
    it(`answers an update with If-Match ${header || '(empty)'} with ${status}`, async () => {
      const id = await created()
      const answer = await request(app).post(`/apis/${id}`).set('if-match', header).send({ description: 'new' })
      expect(answer.status).to.equal(status)
      if (status === 412) expect(answer.body.error_code).to.equal('precondition_failed')
      const removal = await request(app).delete(`/apis/${id}`).set('if-match', '"9"')
      expect(removal.status).to.equal(412)
    })
  }

  it('frees identifier and slug when an API is deleted', async () => {
    const id = await created()
    await request(app).delete(`/apis/${id}`).expect(204)
    for (const call of [request(app).get(`/apis/${id}`), request(app).delete(`/apis/${id}`)]) await call.expect(404)
    const again = await create(MINIMAL).expect(201)
    expect(again.body.slug).to.equal('internal-api')
  })

  it('keeps the management API as it is', async () => {
    const { body } = await request(app).get('/apis?query=is_system:true').expect(200)
    const [system] = body.results
    expect(system.identifier).to.equal('urn:scopegate:management')
    for (const call of [
      request(app).post(`/apis/${system.id}`).send({ name: 'x' }),
      request(app).delete(`/apis/${system.id}`),
    ]) {
      const answer = await call.expect(403)
      expect(answer.body.error_code).to.equal('system_resource')
    }
  })

  it('has one answer for every id that is not there', async () => {
    const paths = ['/apis/api_0', '/apis/..%2f', '/apis/%00', '/apis/__proto__', `/apis/${long(300)}`, '/apis/a%ZZ']
    const answers = await Promise.all(paths.map(path => request(app).get(path)))
    for (const { status, body } of answers) {
      expect(status).to.equal(404)
      expect(body).to.deep.equal(answers[0]?.body)
    }
  })

  const methods = [
    { method: 'put', path: '/apis', allow: 'GET, HEAD, POST' },
    { method: 'patch', path: '/apis/api_x', allow: 'GET, HEAD, POST, DELETE' },
  ] as const
  for (const { method, path, allow } of methods) {
    it(`names the methods of ${path} where ${method} is asked`, async () => {
      const answer = await request(app)[method](path).send({}).expect(405)
      expect(answer.headers['allow']).to.equal(allow)
      expect(answer.body.error_code).to.equal('method_not_allowed')
    })
  }
})
