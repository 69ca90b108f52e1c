"""The runtime of the Glue jobs. docs/architecture.md describes its packages."""
