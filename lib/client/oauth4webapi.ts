import { loadPeer } from '../load-peer.js'
import requireOauth4webapi from './require-oauth4webapi.cjs'

export type Oauth4webapi = ReturnType<typeof requireOauth4webapi>

/** oauth4webapi, an optional peer: loaded on first use. @throws Error it is not installed, or does not load here */
export function loadOauth4webapi(): Oauth4webapi {
  return loadPeer(requireOauth4webapi, 'oauth4webapi', 'tokenClient needs oauth4webapi: npm install oauth4webapi')
}
