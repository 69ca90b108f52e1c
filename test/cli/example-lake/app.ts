import { App } from 'aws-cdk-lib';
import { DatasetDirectory } from 'cdk-glue-medallion';

/** The lake of a folder, whose path is the context value `source`. */
const app = new App();
new DatasetDirectory(app, 'Lake', { path: app.node.tryGetContext('source') });
