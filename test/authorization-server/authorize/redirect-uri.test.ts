import { expect } from 'chai'
import {
  hostOf,
  isOfTheMachine,
  isRegistered,
  withParameters,
} from '../../../lib/authorization-server/authorize/redirect-uri.js'
import { sourceOf } from '../../../lib/authorization-server/pages/page.js'

describe('a redirect URI', () => {
  const web = 'https://app.example.com/cb'
  const refused: [registered: string, asked: string][] = [
    ...[
      'https://app.example.com/cb/',
      'https://app.example.com/cb?',
      'https://app.example.com/cb#',
      'https://app.example.com/cb#x',
      'https://app.example.com/cb?x=1',
      'https://app.example.com/CB',
      'https://APP.example.com/cb',
      'HTTPS://app.example.com/cb',
      'http://app.example.com/cb',
      'https://app.example.com:443/cb',
      'https://app.example.com:8443/cb',
      'https://app.example.com./cb',
      'https://app.example.com@evil.example/cb',
      'https://app.example.com%40evil.example/cb',
      'https://app.example.com%25@evil.example/cb',
      'https://user@app.example.com/cb',
      'https://evil.example\\@app.example.com/cb',
      'https://app.example.com.evil.example/cb',
      'https://evilapp.example.com/cb',
      'https://evil.example/https://app.example.com/cb',
      'https://app.example.com/cb/..;/evil',
      'https://app.example.com/cb/../evil',
      'https://app.example.com/x/../cb',
      'https://app.example.com//cb',
      'https:/app.example.com/cb',
      'https:app.example.com/cb',
      '//app.example.com/cb',
      '/cb',
      ' https://app.example.com/cb',
      'https://app.example.com/cb\n',
      'https://app.example.com/cb\0',
      'https://app.example.com/%63b',
      'javascript:alert(1)//https://app.example.com/cb',
      'data:text/html,x',
      'https://аpp.example.com/cb',
      '',
    ].map((asked): [string, string] => [web, asked]),
    ['http://127.0.0.1/cb', 'http://127.0.0.1:1/cb/'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:1/CB'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:1@evil.example/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:1/cb?x=1'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:0/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:080/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:65536/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:1#/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1.evil.example:1/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.2:1/cb'],
    ['http://127.0.0.1/cb', 'http://127.1:1/cb'],
    ['http://127.0.0.1/cb', 'http://2130706433:1/cb'],
    ['http://127.0.0.1/cb', 'http://[::1]:1/cb'],
    ['http://127.0.0.1/cb', 'http://localhost:1/cb'],
    ['http://127.0.0.1/cb', 'https://127.0.0.1:1/cb'],
    ['http://127.0.0.1/cb', 'HTTP://127.0.0.1:1/cb'],
    ['http://[::1]/cb', 'http://[::1]:1'],
    ['http://[::1]/cb', 'http://[0:0:0:0:0:0:0:1]:1/cb'],
    ['http://localhost/cb', 'http://localhost:1/cb'],
    ['http://localhost:3000/cb', 'http://localhost:3001/cb'],
    ['https://127.0.0.1/cb', 'https://127.0.0.1:1/cb'],
    ['http://10.0.0.1/cb', 'http://10.0.0.1:1/cb'],
    ['com.example.app:/cb', 'com.example.app:/cb/'],
    ['com.example.app:/cb', 'com.example.app://cb'],
  ]
  for (const [registered, asked] of refused) {
    it(`${JSON.stringify(asked)} is not ${registered}`, () => {
      expect(isRegistered(asked, [registered])).to.equal(false)
    })
  }

  const accepted: [registered: string, asked: string][] = [
    [web, web],
    ['http://localhost:3000/cb', 'http://localhost:3000/cb'],
    ['com.example.app:/cb', 'com.example.app:/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:1/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:65535/cb'],
    ['http://127.0.0.1:3000/cb?x=1', 'http://127.0.0.1:49152/cb?x=1'],
    ['http://127.0.0.1:3000/cb', 'http://127.0.0.1/cb'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:4000'],
    ['http://[::1]:3000/cb', 'http://[::1]:4000/cb'],
  ]
  for (const [registered, asked] of accepted) {
    it(`${asked} is ${registered}`, () => expect(isRegistered(asked, ['https://x', registered])).to.equal(true))
  }

  const added: [uri: string, whole: string][] = [
    ['https://a.example/cb', 'https://a.example/cb?code=a%2Bb&iss=x'],
    ['https://a.example', 'https://a.example?code=a%2Bb&iss=x'],
    ['https://a.example/cb?', 'https://a.example/cb?code=a%2Bb&iss=x'],
    ['https://a.example/cb?x=%2f+1&code=0', 'https://a.example/cb?x=%2f+1&code=0&code=a%2Bb&iss=x'],
    ['https://a.example/cb?x&', 'https://a.example/cb?x&code=a%2Bb&iss=x'],
    ['com.example.app:/cb', 'com.example.app:/cb?code=a%2Bb&iss=x'],
  ]
  for (const [uri, whole] of added) {
    it(`${uri} keeps what it has`, () => {
      expect(withParameters(uri, { code: 'a+b', state: undefined, iss: 'x' })).to.equal(whole)
    })
  }

  const shown: [uri: string, host: string, source: string, isOfTheMachine: boolean][] = [
    ['https://app.example.com/cb', 'app.example.com', 'https://app.example.com', false],
    ['https://App.Example.com:8443/cb', 'app.example.com:8443', 'https://app.example.com:8443', false],
    ['http://127.0.0.1:5000/cb', '127.0.0.1:5000', 'http://127.0.0.1:5000', true],
    ['http://localhost/cb', 'localhost', 'http://localhost', true],
    ['http://localhost.example.com/cb', 'localhost.example.com', 'http://localhost.example.com', false],
    // No policy can name this origin.
    ['http://[::1]:5000/cb', '[::1]:5000', 'http:', true],
    ["https://a,b;c'd.example/cb", "a,b;c'd.example", 'https:', false],
    ['com.example.app:/cb', 'com.example.app:', 'com.example.app:', true],
    ['MyApp://cb', 'myapp:', 'myapp:', true],
  ]
  for (const [uri, host, source, ofTheMachine] of shown) {
    it(`${uri} is shown as ${host}, and forms may lead to ${source}`, () => {
      expect([hostOf(uri), sourceOf(uri), isOfTheMachine(uri)]).to.deep.equal([host, source, ofTheMachine])
    })
  }
})
