import { App } from 'aws-cdk-lib';
import { DatasetDirectory } from 'cdk-glue-medallion';

const app = new App();

// lake/config.json is the core, and every config.json below it a dataset.
new DatasetDirectory(app, 'Lake', { path: 'lake' });
