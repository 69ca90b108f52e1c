import { causeOf } from '../../src/cli/environment';

test.each([
  ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', /^The disk is full/],
  ['WARNING: Retrying … NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution',
    /cannot be reached/],
  ['ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.', /not the one whose hash is locked/],
  ['[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed', /certificate is not trusted/],
  ['javax.net.ssl.SSLHandshakeException: PKIX path building failed', /certificate is not trusted/],
  ['Collecting x\nERROR: something else\n', /^The set-up failed: ERROR: something else\.$/],
  ['', /ended without a word/],
])('the cause of a failed set-up in a line: %j', (log, expected) => {
  expect(causeOf(log)).toMatch(expected);
});
