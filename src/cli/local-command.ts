/** The run options in the message of a job, such as `run with run_options {"allow": ["shrink"]}`. */
const RUN_OPTIONS = /\brun (once )?with run_options (\{[^{}]*\})/g;

/** Replaces the run options in the message of a job with the equivalent command of this CLI. */
export function withLocalCommands(message: string, dataset: string): string {
  return message.replace(RUN_OPTIONS, (text, once: string | undefined, json: string) => {
    try {
      return `run ${once ?? ''}\`npx medallion run ${dataset}${flagsOf(JSON.parse(json) as object)}\``;
    } catch {
      return text;
    }
  });
}

/** The flags for run options: ` --force --allow shrink` for `{"force": true, "allow": ["shrink"]}`. */
function flagsOf(runOptions: object): string {
  return Object.entries(runOptions).map(([key, value]) => {
    const flag = ` --${key.replaceAll('_', '-')}`;
    return value === true ? flag : [value].flat().map(each => `${flag} ${each}`).join('');
  }).join('');
}
