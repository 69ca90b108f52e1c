import { DatasetFile } from './dataset-file';
import { FileProblem } from './file-problem';
import { LakeFiles } from './lake-files';
import { PipelineFile } from './pipeline-file';
import { ErrorCode } from '../errors/error-code';
import { SynthError } from '../errors/synth-error';

/** The codes of construct errors that depend on a name in a file, or on the length of this name. */
const NAME_CODES: ErrorCode[] = ['NAME_TAKEN', 'NAME_TOO_LONG'];

/**
 * The problems of a lake: the problems of its files, and the errors of the constructs that are created from the files.
 */
export class LakeProblems {
  private readonly ofConstructs: FileProblem[] = [];

  constructor(private readonly files: LakeFiles) {}

  get all(): FileProblem[] {
    return [...this.files.problems, ...this.ofConstructs];
  }

  /** Calls a function that creates the core. An error of the function becomes a problem of the core's file. */
  ofCore<Result>(create: () => Result): Result | undefined {
    try {
      return create();
    } catch (error) {
      const { core } = this.files;
      if (core === undefined || !isOfFile(error)) {
        throw error;
      }
      this.ofConstructs.push({ ...core.config.locate(problemOf(error, '')), subject: 'the core:' });
      return undefined;
    }
  }

  /** Calls a function that creates or checks a dataset. An error becomes a problem of the dataset's file. */
  ofDataset(file: DatasetFile, create: () => void): void {
    this.ofFile(file, create, code => code === 'QUERY_TABLE_NOT_AN_INPUT' ? 'sql' : 'dataset');
  }

  /** Calls a function that creates or checks a pipeline. An error becomes a problem of the pipeline's file. */
  ofPipeline(file: PipelineFile, create: () => void): void {
    this.ofFile(file, create, code => code === 'PIPELINE_TOO_LARGE' ? 'datasets' : 'pipeline');
  }

  /** @param keyOf returns the key in the file that an error of a construct refers to */
  private ofFile(
    file: DatasetFile | PipelineFile, create: () => void, keyOf: (code: ErrorCode) => string,
  ): void {
    try {
      create();
    } catch (error) {
      if (!isOfFile(error)) {
        // The document of an invalid file can contain values that constructs cannot handle.
        if (file.problems.length > 0) {
          return;
        }
        throw error;
      }
      if (this.isCertain(file, error)) {
        const key = keyOf(error.code);
        this.ofConstructs.push({ ...file.config.locate(problemOf(error, key)), subject: `/${key}:` });
      }
    }
  }

  /** Whether an error of a construct is not only a consequence of other problems that its file has. */
  private isCertain(file: DatasetFile | PipelineFile, { code }: SynthError): boolean {
    const ofFile = this.files.problems.filter(({ location }) => `${location}:`.startsWith(`${file.config.file}:`));
    switch (code) {
      case 'QUERY_TABLE_NOT_AN_INPUT':
        return ofFile.every(({ pointer }) => !pointer.startsWith('/source_datasets'));
      case 'NAME_TOO_LONG':
        return this.files.core === undefined || this.files.core.prefix !== undefined;
      default:
        return ofFile.length === 0 || NAME_CODES.includes(code);
    }
  }
}

/** Whether an error of a construct is about the settings of its file, and not about the app. */
function isOfFile(error: unknown): error is SynthError {
  return error instanceof SynthError && error.code !== 'ENVIRONMENT_MISMATCH';
}

function problemOf({ code, found, remedy }: SynthError, key: string) {
  return { code, key, found: found.replace(/\.$/, ''), remedy };
}
