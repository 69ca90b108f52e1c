import { App } from 'aws-cdk-lib';
import { DatasetDirectory } from 'cdk-glue-medallion';

const app = new App();

// {{lake_config}} configures the core. Each config.json in a subfolder defines a dataset.
new DatasetDirectory(app, 'Lake', { path: '{{lake}}' });
