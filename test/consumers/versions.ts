/** Versions of the peer dependencies that the library is tested with. */
export interface Versions {
  readonly cdk: string;
  readonly constructs: string;
}

/** The oldest supported versions. */
export const MINIMUM: Versions = { cdk: '2.257.0', constructs: '10.5.1' };

/** The newest versions in each registry. npm is the first to have a version, Maven Central can be months behind. */
export const NEWEST: { readonly [language in 'typescript' | 'python' | 'java']: Versions } = {
  typescript: { cdk: '2.276.0', constructs: '10.8.1' },
  python: { cdk: '2.275.0', constructs: '10.8.1' },
  java: { cdk: '2.263.0', constructs: '10.8.1' },
};

/** Major versions of Node: the oldest supported, the long-term support versions, and the newest. */
export const NODES = ['20', '22', '24', '26'];
