import { readFileSync } from 'fs';
import * as path from 'path';
import { attachCustomSynthesis, CfnResource, Stack, STACK_RESOURCE_LIMIT_CONTEXT } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { freeId } from './free-id';
import { synthError } from '../errors/synth-error';

/**
 * The maximum number of resources in a CloudFormation template, and the maximum size of a template.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
const MAX_RESOURCES = 500;
const MAX_TEMPLATE_BYTES = 1_000_000;

const SPLIT = 'Split the datasets across several stacks: each dataset can be in any stack, because datasets find the '
  + 'shared resources of the lake by name.';

/**
 * Fails at synth if the stack has more resources than CloudFormation allows. CDK's own error does not say what to do.
 *
 * @param datasets the number of datasets in the stack
 */
export function limitResources(scope: Construct, datasets: number): void {
  scope.node.addValidation({
    validate: () => {
      const stack = Stack.of(scope);
      const max: unknown = stack.node.tryGetContext(STACK_RESOURCE_LIMIT_CONTEXT) ?? MAX_RESOURCES;
      const isOwn = (each: IConstruct) => CfnResource.isCfnResource(each) && Stack.of(each) === stack;
      const { length } = stack.node.findAll().filter(isOwn);
      if (typeof max === 'number' && max > 0 && length > max) {
        throw synthError(
          stack,
          'STACK_TOO_LARGE',
          `the stack has ${length} resources; CloudFormation allows ${max}. It contains ${datasets} datasets, each `
            + 'with a job, a crawler, and if needed a schedule and a role.',
          SPLIT,
        );
      }
      return [];
    },
  });
}

/**
 * Fails at synth if the template of a stack is larger than CloudFormation allows. CDK only prints a warning, and the
 * deployment fails.
 *
 * The check is the last child of the stage, because a template is written after the children of its stack. CDK offers
 * attachCustomSynthesis mainly to its own modules, but no other hook runs after the templates are written.
 *
 * @param datasets the number of datasets of each stack
 */
export function limitTemplates(stage: IConstruct, datasets: ReadonlyMap<Stack, number>): void {
  const check = new Construct(stage, freeId(stage, 'GlueTemplateSizes'));
  attachCustomSynthesis(check, {
    onSynthesize: ({ outdir }) => {
      for (const [stack, number] of datasets) {
        const template = readFileSync(path.join(outdir, stack.templateFile));
        if (template.length > MAX_TEMPLATE_BYTES) {
          const isIndented = template.subarray(0, 2).toString() === '{\n';
          throw synthError(
            stack,
            'STACK_TOO_LARGE',
            `the template has ${template.length} bytes; CloudFormation allows ${MAX_TEMPLATE_BYTES}. It contains `
              + `${number} datasets.`,
            `${SPLIT}${isIndented ? ' Alternatively, set suppressTemplateIndentation on the stack.' : ''}`,
          );
        }
      }
    },
  });
}
