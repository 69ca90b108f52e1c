import { Auth as AuthDocument } from './private/document/dataset-document.generated';
import { datasetSchema } from './private/document/dataset-schema';

/** The secret in AWS Secrets Manager that contains the credentials. */
export interface SecretOptions {
  /**
   * The name or ARN of the secret, such as `vendor/api`. Never set it to the value of the secret.
   *
   * The dataset's role can read this secret and no other. Use `secret.secretArn` for a secret that your app creates: a
   * value that is only known at deployment must be an ARN. Synthesis fails with `SECRET_ARN_INVALID` for
   * `secret.secretName`, and for a CloudFormation parameter whose default value is the name of a secret. Synthesis also
   * fails with `VALUE_INVALID` if the value is neither a name nor an ARN. The error does not repeat the value.
   */
  readonly secret: string;

  /**
   * The ARN of the customer managed KMS key that encrypts the secret, such as `key.keyArn`.
   *
   * The dataset's role is allowed to decrypt with this key.
   *
   * @default - the AWS managed key `aws/secretsmanager`, which needs no permission
   * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
   */
  readonly encryptionKey?: string;
}

/** Options for a bearer token. */
export interface BearerOptions extends SecretOptions {
  /**
   * The name of the key that contains the token, if the secret is a JSON object.
   *
   * @default - the secret contains only the token
   */
  readonly secretKey?: string;
}

/** Where an API expects its key. */
export enum ApiKeyLocation {
  /** In a header. */
  HEADER = 'header',
  /** In a query parameter. */
  QUERY = 'query',
  /** In a cookie. */
  COOKIE = 'cookie',
}

/** Options for an API key. */
export interface ApiKeyOptions extends SecretOptions {
  /** The name of the header, query parameter or cookie, such as `X-Api-Key`. */
  readonly name: string;

  /**
   * Where to send the API key.
   *
   * @default ApiKeyLocation.HEADER - unlike URLs, headers are rarely logged
   */
  readonly location?: ApiKeyLocation;

  /**
   * The name of the JSON key that contains the API key, if the secret is a JSON object.
   *
   * @default - the secret contains only the API key
   */
  readonly secretKey?: string;
}

/** Options for HTTP basic authentication. */
export interface BasicOptions extends SecretOptions {
  /**
   * The name of the key that contains the user name in the JSON object of the secret.
   *
   * @default username
   */
  readonly usernameKey?: string;

  /**
   * The name of the key that contains the password in the JSON object of the secret.
   *
   * @default password
   */
  readonly passwordKey?: string;
}

/** How an OAuth 2.0 client authenticates when it requests a token. */
export enum TokenAuthMethod {
  /** With the client ID and secret in the `Authorization` header. */
  CLIENT_SECRET_BASIC = 'client_secret_basic',
  /** With the client ID and secret in the request body. */
  CLIENT_SECRET_POST = 'client_secret_post',
}

/** Options for the OAuth 2.0 client credentials grant. */
export interface OAuth2ClientCredentialsOptions extends SecretOptions {
  /**
   * The URL of the token endpoint, such as `https://login.example.org/oauth/token`.
   *
   * Synthesis fails with `URL_INVALID` if the URL is invalid.
   */
  readonly tokenUrl: string;

  /**
   * The scopes to request, separated by spaces.
   *
   * @default - no scope is requested; the authorization server applies its default
   */
  readonly scope?: string;

  /**
   * Additional parameters of the token request, such as `audience`. Do not put secrets here.
   *
   * @default - none
   */
  readonly tokenParams?: { [name: string]: string };

  /**
   * How to send the client ID and secret.
   *
   * @default TokenAuthMethod.CLIENT_SECRET_BASIC - RFC 6749 requires authorization servers to support it
   * @see https://datatracker.ietf.org/doc/html/rfc6749#section-2.3.1
   */
  readonly tokenAuthMethod?: TokenAuthMethod;

  /**
   * The name of the key that contains the client ID in the JSON object of the secret.
   *
   * @default client_id
   */
  readonly clientIdKey?: string;

  /**
   * The name of the key that contains the client secret in the JSON object of the secret.
   *
   * @default client_secret
   */
  readonly clientSecretKey?: string;
}

/**
 * How the requests of a dataset are authenticated.
 *
 * The credentials are stored in AWS Secrets Manager. Only the run reads them; they are never part of a template, file
 * or log. A dataset with `auth` gets its own role, which can read this secret and no other.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Shop', {
 *   core,
 *   dataset: 'shop',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.api({ products: { url: 'https://api.example.org/v1/products' } }),
 *   auth: Auth.bearer({ secret: 'vendor/api', secretKey: 'token' }),
 * });
 */
export class Auth {
  /**
   * Sends a token in the header `Authorization: Bearer …`.
   *
   * @param options the secret that contains the token
   * @exampleMetadata fixture=lake
   * @example
   * const secret = new Secret(datasets, 'VendorToken');
   * const auth = Auth.bearer({ secret: secret.secretArn });
   */
  public static bearer(options: BearerOptions): Auth {
    return new Auth('bearer', options);
  }

  /**
   * Sends an API key in a header, a query parameter or a cookie.
   *
   * @param options the secret that contains the key, and where to send it
   * @exampleMetadata fixture=lake
   * @example
   * const auth = Auth.apiKey({ secret: 'vendor/key', name: 'api_key', location: ApiKeyLocation.QUERY });
   */
  public static apiKey(options: ApiKeyOptions): Auth {
    return new Auth('api_key', options);
  }

  /**
   * Uses HTTP basic authentication. The secret is a JSON object with the user name and the password.
   *
   * @param options the secret, and the names of its keys
   * @exampleMetadata fixture=lake
   * @example
   * const auth = Auth.basic({ secret: 'vendor/user', usernameKey: 'user', passwordKey: 'pass' });
   */
  public static basic(options: BasicOptions): Auth {
    return new Auth('basic', options);
  }

  /**
   * Uses the OAuth 2.0 client credentials grant. The secret is a JSON object with the client ID and the client secret.
   *
   * The run uses these credentials to request a token, and requests a new token if the current one expires or is
   * rejected.
   *
   * @param options the secret, and the token endpoint
   * @see https://datatracker.ietf.org/doc/html/rfc6749#section-4.4
   * @exampleMetadata fixture=lake
   * @example
   * const auth = Auth.oauth2ClientCredentials({
   *   secret: 'vendor/client',
   *   tokenUrl: 'https://login.example.org/oauth/token',
   *   scope: 'read:products',
   * });
   */
  public static oauth2ClientCredentials(options: OAuth2ClientCredentialsOptions): Auth {
    return new Auth('oauth2_client_credentials', options);
  }

  /** @internal */
  public readonly _auth: AuthDocument;

  private constructor(type: AuthDocument['type'], options: SecretOptions) {
    this._auth = { type, ...datasetSchema().documentKeys(options) };
  }
}
