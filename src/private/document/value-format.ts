import { datasetSchema } from './dataset-schema';

/** What to write instead of a format of dates and times, or undefined when it can be read. */
export function dateFormatProblem(format: string): string | undefined {
  const parts = lettersOf(format);
  const once = new Set(parts.map(([letter]) => letter)).size === parts.length;
  return datasetSchema().fits('$defs/date_format', format) && once && parts.every(part => DATE_PART.test(part))
    ? undefined
    : 'Use each part once: yyyy or yy; MM, M or MMM; dd or d; for times HH, mm, ss, S to SSSSSS; with '
        + 'separators between them, as in MM/dd/yyyy HH:mm:ss.';
}

const DATE_PART = /^(yyyy|yy|MMM|MM|M|dd|d|HH|mm|ss|S{1,6})$/;

/** The letters of a format, each with its repetitions. */
export function lettersOf(format: string): string[] {
  return format.match(/([A-Za-z])\1*/g) ?? [];
}

/** What to write instead of a format of numbers, or undefined when it can be read. */
export function numberFormatProblem(format: string): string | undefined {
  if (/^1(.)234\1/.test(format)) {
    return 'Use different separators for thousands and decimals, as in 1.234,56 or 1,234.56.';
  }
  return datasetSchema().fits('$defs/file_format/properties/number_format', format)
    ? undefined
    : 'Write 1234.56 with the separators of the file, for example 1.234,56.';
}

/** What to do about the format of a column that does not fit its type, or undefined when it does. */
export function formatProblem(type: string | undefined, format: string): string | undefined {
  switch (type) {
    case undefined:
      return 'A format needs a type: set the type, for example date.';
    case 'string':
      return 'A string column has no format: remove it.';
    case 'boolean':
      return /^([^/]+)\/(?!\1$)[^/]+$/.test(format)
        ? undefined
        : 'Write the words for true and false, separated by a slash, for example Y/N.';
    case 'date':
      return /[HmsS]/.test(format)
        ? 'A date has no time: remove HH, mm, ss and S, or use the type timestamp.'
        : dateFormatProblem(format);
    case 'timestamp':
      return dateFormatProblem(format);
    default:
      return numberFormatProblem(format);
  }
}
