import { datasetSchema } from './dataset-schema';

/** How to correct an invalid date or time format. Undefined if the format is valid. */
export function dateFormatProblem(format: string): string | undefined {
  const parts = formatParts(format);
  const once = new Set(parts.map(([letter]) => letter)).size === parts.length;
  const letters = parts.map(([letter]) => letter);
  const hasHalf = letters.includes('a');
  const hours = letters.includes('h') === hasHalf && !(letters.includes('H') && hasHalf);
  const isValid = datasetSchema().fits('$defs/date_format', format);
  return isValid && once && hours && parts.every(part => DATE_PART.test(part))
    ? undefined
    : 'Use each part once: yyyy or yy; MM, M or MMM; dd or d; for times HH or H, or hh or h with a for AM or PM; '
        + 'mm, ss, S to SSSSSS; with separators between them, for example MM/dd/yyyy HH:mm:ss.';
}

const DATE_PART = /^(yyyy|yy|MMM|MM|M|dd|d|HH|H|hh|h|mm|ss|S{1,6}|a)$/;

/** The parts of a date format: each run of the same letter. */
export function formatParts(format: string): string[] {
  return format.match(/([A-Za-z])\1*/g) ?? [];
}

/** How to correct an invalid number format. Undefined if the format is valid. */
export function numberFormatProblem(format: string): string | undefined {
  if (/1(.)234\1/.test(format)) {
    return 'Use different separators for thousands and decimals, as in 1.234,56 or 1,234.56.';
  }
  return datasetSchema().fits('$defs/file_format/properties/number_format', format)
    ? undefined
    : 'Write the number 1234.56 with the separators of the file, for example 1.234,56.';
}

/** How to correct a column format that is invalid for the type of the column. Undefined if the format is valid. */
export function formatProblem(type: string | undefined, format: string): string | undefined {
  switch (type) {
    case undefined:
      return 'Set the type of the column, for example date.';
    case 'string':
      return 'Remove it: string columns have no format.';
    case 'boolean':
      return /^([^/]+)\/(?!\1$)[^/]+$/.test(format)
        ? undefined
        : 'Write the values for true and false, separated by a slash, for example Y/N.';
    case 'date':
      return /[HhmsSa]/.test(format)
        ? 'Remove HH, hh, mm, ss, S and a, which dates do not have, or use the type timestamp.'
        : dateFormatProblem(format);
    case 'timestamp':
      return dateFormatProblem(format);
    default:
      return numberFormatProblem(format);
  }
}
