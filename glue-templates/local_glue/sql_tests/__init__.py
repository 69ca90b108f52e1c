"""Runs the tests of derived datasets. The packaged transform of a dataset processes the rows of a test, without S3."""
