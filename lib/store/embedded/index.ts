export { type EmbeddedStoreOptions, embeddedStore } from './embedded-store.js'
