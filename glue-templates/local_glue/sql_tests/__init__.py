"""Runs the tests of derived datasets: the packaged transform on the rows of a test, without S3."""
