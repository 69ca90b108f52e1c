import { App } from 'aws-cdk-lib';

/** Creates an app whose snapshot contains no paths of the local machine. */
export function integApp(): App {
  return new App({ postCliContext: { 'aws:cdk:disable-creation-stack-traces': true } });
}
