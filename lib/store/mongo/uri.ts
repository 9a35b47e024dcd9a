/** Does a connection string start as MongoDB's do? */
export function isMongoUri(uri: string): boolean {
  return /^mongodb(?:\+srv)?:\/\//.test(uri)
}

/** Does a connection string name a database? Without one the driver would take `test`. */
export function namesDatabase(uri: string): boolean {
  return /^mongodb(?:\+srv)?:\/\/[^/?]+\/[^?]/.test(uri)
}
