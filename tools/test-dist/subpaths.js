/** The subpaths, and functions that each must have. */
export const SUBPATHS = {
  scopegate: ['resourceServer', 'getAuth', 'InvalidTokenError'],
  'scopegate/server': ['authorizationServer', 'accountsByPath', 'accountsByHost'],
  'scopegate/embedded': ['embeddedStore'],
  'scopegate/users': ['demoUsers', 'oidcUsers'],
  'scopegate/client': ['tokenClient', 'TokenRefusedError'],
  'scopegate/testing': ['testIssuer'],
}
