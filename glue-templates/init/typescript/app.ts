import { App } from 'aws-cdk-lib';
import { DatasetDirectory } from 'cdk-glue-medallion';

const app = new App();

// lake/config.json configures the core. Every config.json in a folder below it is a dataset.
new DatasetDirectory(app, 'Lake', { path: 'lake' });
