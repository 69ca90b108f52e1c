import { createHash } from 'crypto';
import { readFileSync } from 'fs';
import { Lazy, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { JobScript } from './script-bundle';
import { DatasetDocument } from '../document/dataset-document.generated';
import { OPERATION_KEYS } from '../document/operation-keys';

/**
 * A hash of the document, script and query of a derived dataset. A pipeline runs the job again if the hash differs from
 * the hash of the last publication.
 *
 * It is computed during synthesis, when tokens can be resolved to the references that the template contains.
 */
export function definitionHash(scope: Construct, document: DatasetDocument, script: JobScript): string {
  return Lazy.string({
    produce: () => {
      const content = Object.entries(document).filter(([key]) => !OPERATION_KEYS.includes(key));
      const resolved = Stack.of(scope).resolve({ content, sql: script.sql?.text });
      return createHash('sha256')
        .update(JSON.stringify(resolved))
        .update(readFileSync(script.path))
        .digest('hex')
        .slice(0, 32);
    },
  });
}
