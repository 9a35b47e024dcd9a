import { expect } from 'chai'
import { originForm, pathOf } from '../../lib/http/request-target.js'

const rows = [
  { target: '/', origin: '/', path: '/' },
  { target: '/apis?x=1', origin: '/apis?x=1', path: '/apis' },
  { target: '/apis?x=http://a/b?c', origin: '/apis?x=http://a/b?c', path: '/apis' },
  { target: '//apis', origin: '//apis', path: '//apis' },
  { target: '/%2e%2e/a/../b', origin: '/%2e%2e/a/../b', path: '/%2e%2e/a/../b' },
  { target: 'http://a.example/apis?x=1', origin: '/apis?x=1', path: '/apis' },
  { target: 'HTTPS://A.example:8443/apis', origin: '/apis', path: '/apis' },
  { target: 'http://user:pw@a.example/apis', origin: '/apis', path: '/apis' },
  { target: 'http://[::1]:3000/apis', origin: '/apis', path: '/apis' },
  { target: 'http://a.example', origin: '/', path: '/' },
  { target: 'http://a.example?x=/apis', origin: '/?x=/apis', path: '/' },
  { target: 'http://a.example//apis', origin: '//apis', path: '//apis' },
  { target: 'http:///apis', origin: '/apis', path: '/apis' },
  {
    target: 'http://a.example/http://b.example/apis',
    origin: '/http://b.example/apis',
    path: '/http://b.example/apis',
  },
  { target: 'http:/apis', origin: 'http:/apis', path: 'http:/apis' },
  { target: '*', origin: '*', path: '*' },
  { target: 'a.example:443', origin: 'a.example:443', path: 'a.example:443' },
  { target: '', origin: '', path: '' },
]

describe('a request target', () => {
  for (const { target, origin, path } of rows) {
    it(`${target || '(none)'} is ${origin}`, () => {
      expect(originForm(target)).to.equal(origin)
      expect(pathOf(target)).to.equal(path)
    })
  }
})
