/** Parses and writes YAML files, with the position of each value. */
export {
  Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, YAMLMap,
} from 'yaml';
