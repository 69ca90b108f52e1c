/** The parts of the YAML library that the CLI uses. The package bundles them. */
export {
  Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, YAMLMap,
} from 'yaml';
