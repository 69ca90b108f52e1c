import { Dataset, usesIceberg } from './dataset';
import { documentOf } from './dataset-document';
import { isPackagedScript } from './packaged-script';

/**
 * Whether the job of a dataset uses Spark in all runs. A bronze job whose document does not need Spark starts it only
 * for a large source: then it starts a JVM of its own, which takes 3 s longer than the JVM of a session.
 */
export function usesSpark(dataset: Pick<Dataset, 'layer' | 'script' | 'arguments' | 'deployments'>): boolean {
  const document = documentOf(dataset);
  return dataset.layer !== 'bronze' || document === undefined || usesIceberg(dataset) || !isPackagedScript(dataset)
    || document.business_key !== undefined || document.business_keys !== undefined
    || (document.data_quality?.rules ?? []).length > 0;
}
