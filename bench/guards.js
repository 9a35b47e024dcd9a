import { createPublicKey, verify } from 'node:crypto'
import { JwtRsaVerifier } from 'aws-jwt-verify'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import jwksRsa from 'jwks-rsa'
import { resourceServer } from '../dist/index.js'
import { AUDIENCE } from './issuer.js'

/** Every guard as Express middleware, set up as its README says for one issuer and one audience. */
export const guards = {
  scopegate: issuer =>
    resourceServer({
      issuer: issuer.issuer,
      audience: AUDIENCE,
      keySet: { uri: issuer.jwksUri },
    }).requireScope('read:users'),
  'fast-jwt (cache)': issuer => fastJwt(issuer, { cache: 10_000 }),
  'fast-jwt': issuer => fastJwt(issuer, {}),
  'aws-jwt-verify': awsJwtVerify,
  'jose by hand': joseByHand,
  'express-oauth2-jwt-bearer': issuer => auth({ issuer: issuer.issuer, jwksUri: issuer.jwksUri, audience: AUDIENCE }),
  'express-jwt + jwks-rsa': issuer =>
    expressjwt({
      secret: jwksRsa.expressJwtSecret({ jwksUri: issuer.jwksUri, cache: true, rateLimit: true }),
      algorithms: ['RS256'],
      audience: AUDIENCE,
      issuer: issuer.issuer,
    }),
}

const bearer = req => req.headers.authorization.slice('Bearer '.length)

function demand(payload, req, next) {
  if (!payload.permissions.includes('read:users')) return next(new Error('insufficient_scope'))
  req.auth = { payload }
  next()
}

function fastJwt(issuer, options) {
  const verify = createVerifier({
    key: issuer.pem,
    algorithms: ['RS256'],
    allowedIss: issuer.issuer,
    allowedAud: AUDIENCE,
    ...options,
  })
  return function fastJwtGuard(req, _res, next) {
    let payload
    try {
      payload = verify(bearer(req))
    } catch (error) {
      return next(error)
    }
    demand(payload, req, next)
  }
}

function awsJwtVerify(issuer) {
  const verifier = JwtRsaVerifier.create({ issuer: issuer.issuer, audience: AUDIENCE, jwksUri: issuer.jwksUri })
  verifier.cacheJwks(issuer.jwks)
  return function awsGuard(req, _res, next) {
    let payload
    try {
      payload = verifier.verifySync(bearer(req))
    } catch (error) {
      return next(error)
    }
    demand(payload, req, next)
  }
}

function joseByHand(issuer) {
  const keys = createRemoteJWKSet(new URL(issuer.jwksUri))
  return function joseGuard(req, _res, next) {
    jwtVerify(bearer(req), keys, { issuer: issuer.issuer, audience: AUDIENCE }).then(
      ({ payload }) => demand(payload, req, next),
      next,
    )
  }
}

/** The bare signature check in the shape of a guard: the floor under every one that has not seen the token before. */
export function createBareGuard(issuer) {
  const key = createPublicKey(issuer.pem)
  return function bareGuard(req, _res, next) {
    const token = bearer(req)
    const dot = token.lastIndexOf('.')
    const signature = Buffer.from(token.slice(dot + 1), 'base64url')
    const isGood = verify('sha256', Buffer.from(token.slice(0, dot)), key, signature)
    next(isGood ? undefined : new Error('signature'))
  }
}
