export type { StoreWarning } from './data-folder.js'
export { type EmbeddedStoreOptions, embeddedStore } from './embedded-store.js'
