/** Validates documents against JSON Schemas. */
export { default as Ajv2020 } from 'ajv/dist/2020';
export type { ErrorObject, ValidateFunction } from 'ajv/dist/2020';
