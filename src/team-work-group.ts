import { Size, Token } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IEtlCore, QueryGrantOptions } from './i-etl-core';
import { checkLength, LakeNames } from './naming';
import { checkProps, PropTypes } from './private/errors/prop-types';
import { synthError } from './private/errors/synth-error';
import { checkEnvironment } from './private/resources/check-environment';
import { deployedCore } from './private/resources/deployed-core';
import { lakeTags, tagExisting } from './private/resources/lake-tags';
import { grantQuery } from './private/resources/query-grant';
import { claimName } from './private/resources/unique-names';
import { createWorkGroup } from './private/resources/work-group';

/** Properties of the workgroup of a team. */
export interface TeamWorkGroupProps {
  /**
   * The lake that the team queries.
   *
   * Synthesis fails with `ENVIRONMENT_MISMATCH` if the core is in a stack for another account or Region.
   */
  readonly core: IEtlCore;

  /**
   * The name of the team in kebab-case, such as `finance`.
   *
   * The workgroup is named `<resourcePrefix>-<team>`. Synthesis fails with `VALUE_INVALID` if the name is not
   * kebab-case, with `NAME_TOO_LONG` if the name of the workgroup has more than 128 characters, and with `NAME_TAKEN`
   * if another team or another lake of this app uses it.
   */
  readonly team: string;

  /**
   * The maximum amount of data that one query of the team can scan: 10 MB or more. Athena cancels a query that scans
   * more.
   *
   * Synthesis fails with `VALUE_INVALID` if the limit is below the minimum of Athena.
   *
   * @default Size.gibibytes(100) - the same as the workgroup of the lake: about 0.50 USD at 5 USD per TB
   * @see https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
   */
  readonly queryScanLimit?: Size;
}

/**
 * An Athena workgroup of a team, with its own scan limit, query history, saved queries and query results.
 *
 * Query results are stored under `athena-<team>/` in the bucket of the lake. A grantee of one team cannot read the
 * queries and results of other teams. Results are deleted after `retention.athenaResults` of the core; in an existing
 * bucket, set a lifecycle rule for the prefix `athena`. If another stack owns the key of an encrypted lake, the results
 * are encrypted by the default encryption of the bucket.
 *
 * @exampleMetadata fixture=lake
 * @example
 * const finance = new TeamWorkGroup(datasets, 'Finance', {
 *   core,
 *   team: 'finance',
 *   queryScanLimit: Size.gibibytes(20),
 * });
 * finance.grantQuery(Role.fromRoleName(datasets, 'FinanceAnalysts', 'finance-analysts'));
 */
export class TeamWorkGroup extends Construct {
  /** The Athena workgroup. */
  public readonly workGroup: CfnWorkGroup;
  /** The name of the workgroup. */
  public readonly workGroupName: string;
  /** The S3 prefix of the query results in the bucket of the lake, with a trailing slash. */
  public readonly resultsPrefix: string;

  private readonly core: IEtlCore;

  /**
   * Creates the workgroup of a team.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the workgroup
   */
  constructor(scope: Construct, id: string, props: TeamWorkGroupProps) {
    super(scope, id);
    checkProps(this, props, TEAM_PROPS);
    const { core, team, queryScanLimit } = props;
    checkTeam(this, team);
    checkEnvironment(this, core, 'workgroup');
    const names = new LakeNames(this, core);
    this.core = core;
    this.workGroupName = names.teamWorkGroup(team);
    this.resultsPrefix = names.teamQueryResults(team);
    checkLength(this, 'workgroup', this.workGroupName, 'Use a shorter prefix or team name.');
    claimName(this, 'workgroup', this.workGroupName);
    this.workGroup = createWorkGroup(this, {
      names,
      workGroup: this.workGroupName,
      results: this.resultsPrefix,
      queryScanLimit,
      encrypted: core.encrypted,
      key: deployedCore(core)?.encryptionKey,
    });
    tagExisting(this, lakeTags(names));
  }

  /**
   * Allows a role, a user or a group to query tables of the lake in the workgroup of the team.
   *
   * This method is the same as `grantQuery` of the core, but for this workgroup and its results.
   *
   * @param grantee who can query
   * @param options which tables can be queried; all tables of the gold layer by default
   */
  public grantQuery(grantee: IGrantable, options?: QueryGrantOptions): Grant {
    return grantQuery(this.core, grantee, {
      workGroup: this.workGroupName,
      results: this.resultsPrefix,
      key: deployedCore(this.core)?.encryptionKey,
    }, options);
  }
}

const TEAM_PROPS: PropTypes<TeamWorkGroupProps> = {
  core: { member: 'resourcePrefix', example: 'an EtlCore: new EtlCore(…) or EtlCore.fromPrefixes(…)' },
  team: 'unchecked',
  queryScanLimit: { member: 'toBytes', example: 'a Size: Size.gibibytes(100)' },
};

function checkTeam(scope: Construct, team: string): void {
  if (typeof team === 'string' && Token.isUnresolved(team)) {
    throw synthError(
      scope, 'TOKEN_NOT_ALLOWED', '"team" is only known at deployment.', 'Write the name of the team in the code.',
    );
  }
  if (typeof team !== 'string' || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(team)) {
    throw synthError(
      scope,
      'VALUE_INVALID',
      `"team" is ${team === undefined ? 'missing' : JSON.stringify(team)}.`,
      'Use lower-case letters, digits and single hyphens, starting with a letter, for example "finance".',
    );
  }
}
