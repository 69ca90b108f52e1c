import { EventPattern, IRuleTarget, Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { freeId } from './free-id';
import { lastAttempt } from './lake-alerts';
import { datasetTags, ResourceTags, tagExisting } from './lake-tags';
import { DatasetNames } from '../../naming';
import { synthError } from '../errors/synth-error';

/** The maximum number of targets per rule. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const MAX_TARGETS = 5;

/** The rules of a dataset for one outcome of its runs. Targets share a rule, up to the quota of targets per rule. */
export class RunRules {
  private readonly rules: { readonly rule: Rule; targets: number }[] = [];

  /**
   * @param id the ID of the first rule within the scope
   * @param description what the rules match
   * @param detail the pattern that the `detail` of an event must match
   * @param tags the tags of the rules
   */
  constructor(
    private readonly scope: Construct,
    private readonly id: string,
    private readonly description: string,
    private readonly detail: EventPattern['detail'],
    private readonly tags: ResourceTags,
  ) {}

  /** Adds a target, and returns its rule. */
  add(target: IRuleTarget): Rule {
    if (typeof target !== 'object' || target === null || !('bind' in target)) {
      throw synthError(
        this.scope,
        'PROP_TYPE_INVALID',
        'target has the wrong type.',
        'Use a target from aws-cdk-lib/aws-events-targets, for example new LambdaFunction(…).',
      );
    }
    const last = this.rules.at(-1);
    const free = last !== undefined && last.targets < MAX_TARGETS ? last : this.create();
    free.rule.addTarget(target);
    free.targets++;
    return free.rule;
  }

  private create(): { readonly rule: Rule; targets: number } {
    const rule = new Rule(this.scope, freeId(this.scope, this.id), {
      description: this.description,
      eventPattern: { source: ['aws.glue'], detailType: ['Glue Job State Change'], detail: this.detail },
    });
    tagExisting(rule, this.tags);
    const created = { rule, targets: 0 };
    this.rules.push(created);
    return created;
  }
}

/** The rules for successful runs of a dataset. */
export function successRules(scope: Construct, names: DatasetNames): RunRules {
  const detail = { jobName: [names.job], state: ['SUCCEEDED'] };
  return new RunRules(scope, 'SuccessRule', `Successful runs of ${names.job}`, detail, datasetTags(names));
}

/** The rules that match failed runs of a dataset if Glue does not retry them. */
export function failureRules(scope: Construct, names: DatasetNames, maxRetries: number): RunRules {
  const detail = {
    jobName: [names.job],
    $or: [lastAttempt(maxRetries), { state: ['TIMEOUT', 'STOPPED', 'ERROR'] }],
  };
  const description = `Failed runs of ${names.job} that Glue does not retry`;
  return new RunRules(scope, 'FailureRule', description, detail, datasetTags(names));
}
