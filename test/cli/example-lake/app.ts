import { App } from 'aws-cdk-lib';
import { DatasetDirectory } from 'cdk-glue-medallion';

/** The lake in the folder whose path is the context value `source`. */
const app = new App();
new DatasetDirectory(app, 'Lake', { path: app.node.tryGetContext('source') });
