/** The options of commands that read run records. */
export interface HistoryOptions {
  readonly app: string;
  /** The folder of the local lake. */
  readonly data: string;
  readonly json: boolean;
  readonly value: string[];
  /** Read the lake in AWS. */
  readonly deployed?: true;
  /** The AWS profile. Default: AWS_PROFILE, or the default credentials. */
  readonly profile?: string;
  /** The Region of the lake. Default: the Region of its stack, or the Region of the credentials. */
  readonly region?: string;
}
