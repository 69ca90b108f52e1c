/** Versions of what an app brings along that the library is tested with. */
export interface Versions {
  readonly cdk: string;
  readonly constructs: string;
}

/** The lowest that the package admits. */
export const MINIMUM: Versions = { cdk: '2.257.0', constructs: '10.5.1' };

/** The newest that each registry serves. npm is first to have a version, Maven Central may lack those of months. */
export const NEWEST: { readonly [language in 'typescript' | 'python' | 'java']: Versions } = {
  typescript: { cdk: '2.276.0', constructs: '10.8.1' },
  python: { cdk: '2.275.0', constructs: '10.8.1' },
  java: { cdk: '2.263.0', constructs: '10.8.1' },
};

/** Major versions of Node: the lowest that the package admits, those with long-term support, and the newest. */
export const NODES = ['20', '22', '24', '26'];
