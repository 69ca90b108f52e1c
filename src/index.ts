export * from './bronze-dataset';
export * from './etl-core';
export * from './file-format';
export * from './glue-version';
export * from './schedule';
export * from './shared-glue-role';
export { DataSizeCategory } from './sizing';
export * from './source';
