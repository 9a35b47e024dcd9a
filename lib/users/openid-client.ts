import { loadPeer } from '../load-peer.js'
import requireOpenidClient from './require-openid-client.cjs'

export type OpenidClient = ReturnType<typeof requireOpenidClient>

/** openid-client, an optional peer: loaded on first use. @throws Error it is not installed, or does not load here */
export function loadOpenidClient(): OpenidClient {
  return loadPeer(requireOpenidClient, 'openid-client', 'oidcUsers needs openid-client: npm install openid-client')
}
