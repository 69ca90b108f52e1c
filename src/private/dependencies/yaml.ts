/** The parts of the YAML library that the CLI uses. The package contains a bundle of them. */
// eslint-disable-next-line import/no-extraneous-dependencies
export {
  Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, YAMLMap,
} from 'yaml';
