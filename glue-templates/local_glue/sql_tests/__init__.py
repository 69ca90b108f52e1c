"""Runs the tests of derived datasets. The packaged transform runs on the rows of a test, without S3."""
