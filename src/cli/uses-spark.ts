import { Dataset, usesIceberg } from './dataset';
import { documentOf } from './dataset-document';
import { isPackagedScript } from './packaged-script';

/**
 * Whether the job of a dataset uses Spark in all runs. If not, the job starts Spark only for a large source. In this
 * case, the job starts its own JVM, which takes 3 s longer than using the JVM of a job session.
 */
export function usesSpark(dataset: Pick<Dataset, 'layer' | 'script' | 'arguments' | 'deployments'>): boolean {
  const document = documentOf(dataset);
  return dataset.layer !== 'bronze' || document === undefined || usesIceberg(dataset) || !isPackagedScript(dataset)
    || document.business_key !== undefined || document.business_keys !== undefined
    || (document.data_quality?.rules ?? []).length > 0;
}
