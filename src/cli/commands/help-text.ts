/** The section with examples at the end of the help of a command. */
export function example(...lines: string[]): string {
  return ['', lines.length > 1 ? 'Examples:' : 'Example:', ...lines.map(line => `  $ ${line}`)].join('\n');
}
