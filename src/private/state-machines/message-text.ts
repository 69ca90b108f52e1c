import { Layer } from '../../layer';
import { runbookUrl } from '../errors/runbook';

/*
 * Helpers for the texts of alerts. The texts are JSONata expressions.
 */

/** Placeholders for the layer and the dataset in paths that are the same for all datasets. */
export const LAYER = 'LAYER' as Layer;
export const DATASET = 'DATASET';

/**
 * Converts a template literal to one expression. Its values are expressions; an expression without a value adds no
 * text.
 */
export function text(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.flatMap((part, index) => [
    ...part === '' ? [] : [literal(part)], ...index < values.length ? [values[index]] : [],
  ]).join(' & ');
}

/**
 * The lines of a message. A line without a value is left out, and an expression with several values adds several lines.
 */
export function lines(...values: string[]): string {
  return `$join([\n${values.join(',\n')}\n], "\\n")`;
}

/** A string literal for use in an expression. */
export function literal(value: string): string {
  return JSON.stringify(value);
}

/** The URL of a section of the runbook. */
export function runbook(section: string): string {
  return `${literal(runbookUrl(''))} & ${section}`;
}
