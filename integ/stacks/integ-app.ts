import { App } from 'aws-cdk-lib';

/** An app whose snapshot holds no paths of the machine that it was made on. */
export function integApp(): App {
  return new App({ postCliContext: { 'aws:cdk:disable-creation-stack-traces': true } });
}
