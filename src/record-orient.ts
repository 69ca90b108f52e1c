/** The JSON structure of the records. The members are named after the values of the pandas `orient` parameter. */
export enum RecordOrient {
  /** A list of objects: `[{"id": 1}, {"id": 2}]`. */
  RECORDS = 'records',
  /** An object whose values are the records: `{"2024-01-01": {"price": 1}, "2024-01-02": {"price": 2}}`. */
  INDEX = 'index',
  /**
   * A list of lists: `[["id", "name"], [1, "a"]]`. The first list contains the column names, unless `columnNames`
   * declares them.
   */
  VALUES = 'values',
}
