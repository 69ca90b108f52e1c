import { Problem } from '../errors/problem';
import { redactUrls } from '../errors/redaction';

/** The problem of a URL that cannot be parsed. */
export function invalidUrl(key: string, url: string): Problem {
  return {
    code: 'URL_INVALID',
    key,
    found: `is "${redactUrls(url)}", which is not a valid URL`,
    remedy: 'Check the host and the port.',
  };
}
