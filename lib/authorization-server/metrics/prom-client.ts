import { loadPeer } from '../../load-peer.js'
import requirePromClient from './require-prom-client.cjs'

export type PromClient = ReturnType<typeof requirePromClient>

/** What is said where prom-client is not installed. */
export const PROM_CLIENT_MISSING = 'metrics need prom-client: npm install prom-client'

/** prom-client, an optional peer: loaded on first use. @throws Error it is not installed, or does not load here */
export function loadPromClient(): PromClient {
  return loadPeer(requirePromClient, 'prom-client', PROM_CLIENT_MISSING)
}
