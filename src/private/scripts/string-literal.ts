/** A string literal of Spark SQL. A raw literal has no escapes. https://spark.apache.org/docs/latest/sql-ref-literals.html */
export const STRING_LITERAL = /\b[rR]'[^']*'|\b[rR]"[^"]*"|'(?:\\[^]|[^'\\])*'|"(?:\\[^]|[^"\\])*"/;
