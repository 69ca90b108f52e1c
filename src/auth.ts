import { Auth as AuthDocument } from './private/document/dataset-document.generated';

/** Where the secret of any kind of authentication is. */
export interface SecretOptions {
  /**
   * Name or ARN of the secret in AWS Secrets Manager, never its value: `vendor/api`, or `secret.secretArn` of a
   * construct.
   *
   * A text that is only known at deployment must be an ARN, because the dataset's role is allowed to read that secret
   * alone.
   */
  readonly secret: string;

  /**
   * ARN of the KMS key that encrypts the secret, for example `key.keyArn` of a construct. The dataset's role is allowed
   * to decrypt with it.
   *
   * @default - the account's own key for Secrets Manager, which needs no permission
   */
  readonly encryptionKey?: string;
}

/** Where the token is. */
export interface BearerOptions extends SecretOptions {
  /**
   * The key of the token in a secret that is a JSON object.
   *
   * @default - the secret is the token
   */
  readonly secretKey?: string;
}

/** Where an API wants its key. */
export enum ApiKeyLocation {
  /** In a header. */
  HEADER = 'header',
  /** In the query of the address. */
  QUERY = 'query',
  /** In a cookie. */
  COOKIE = 'cookie',
}

/** Where the key is, and where it goes. */
export interface ApiKeyOptions extends SecretOptions {
  /** The name of the header, parameter or cookie, for example `X-Api-Key`. */
  readonly name: string;

  /**
   * Where the key goes.
   *
   * @default ApiKeyLocation.HEADER
   */
  readonly location?: ApiKeyLocation;

  /**
   * The key of the value in a secret that is a JSON object.
   *
   * @default - the secret is the value
   */
  readonly secretKey?: string;
}

/** Where user name and password are. */
export interface BasicOptions extends SecretOptions {
  /**
   * The key of the user name in the secret's JSON object.
   *
   * @default username
   */
  readonly usernameKey?: string;

  /**
   * The key of the password in the secret's JSON object.
   *
   * @default password
   */
  readonly passwordKey?: string;
}

/** How a client says who it is when it asks for a token. */
export enum TokenAuthMethod {
  /** In the header `Authorization`. */
  CLIENT_SECRET_BASIC = 'client_secret_basic',
  /** In the body. */
  CLIENT_SECRET_POST = 'client_secret_post',
}

/** Where the client's id and secret are, and who gives the token for them. */
export interface OAuth2ClientCredentialsOptions extends SecretOptions {
  /** The address that gives tokens, for example `https://login.example.org/oauth/token`. */
  readonly tokenUrl: string;

  /**
   * What the token is for, words joined by spaces.
   *
   * @default - what the client may have
   */
  readonly scope?: string;

  /**
   * Further parameters that the token's address asks for, such as `audience`. No secrets.
   *
   * @default - none
   */
  readonly tokenParams?: { [name: string]: string };

  /**
   * How the client's id and secret are sent.
   *
   * @default TokenAuthMethod.CLIENT_SECRET_BASIC
   */
  readonly tokenAuthMethod?: TokenAuthMethod;

  /**
   * The key of the client's id in the secret's JSON object.
   *
   * @default client_id
   */
  readonly clientIdKey?: string;

  /**
   * The key of the client's secret in the secret's JSON object.
   *
   * @default client_secret
   */
  readonly clientSecretKey?: string;
}

/**
 * How the requests of a dataset are signed.
 *
 * The secret is in AWS Secrets Manager. Its value is read by the run, and is in no template, file or log. The dataset
 * gets a role of its own that may read this secret and no other.
 */
export class Auth {
  /** A token in the header `Authorization`. */
  public static bearer(options: BearerOptions): Auth {
    const { secret, secretKey, encryptionKey } = options;
    return new Auth({ type: 'bearer', secret, secret_key: secretKey, encryption_key: encryptionKey });
  }

  /** A key in a header, the query or a cookie. */
  public static apiKey(options: ApiKeyOptions): Auth {
    const { secret, secretKey, encryptionKey, location, name } = options;
    return new Auth({ type: 'api_key', secret, secret_key: secretKey, encryption_key: encryptionKey, location, name });
  }

  /** A user name and a password. The secret is a JSON object with both. */
  public static basic(options: BasicOptions): Auth {
    const { secret, encryptionKey, usernameKey, passwordKey } = options;
    return new Auth({
      type: 'basic',
      secret,
      encryption_key: encryptionKey,
      username_key: usernameKey,
      password_key: passwordKey,
    });
  }

  /**
   * A token that the run gets with a client's id and secret, and again before it ends. The secret is a JSON object with
   * both.
   */
  public static oauth2ClientCredentials(options: OAuth2ClientCredentialsOptions): Auth {
    return new Auth({
      type: 'oauth2_client_credentials',
      secret: options.secret,
      encryption_key: options.encryptionKey,
      token_url: options.tokenUrl,
      scope: options.scope,
      token_params: options.tokenParams,
      token_auth_method: options.tokenAuthMethod,
      client_id_key: options.clientIdKey,
      client_secret_key: options.clientSecretKey,
    });
  }

  /** @internal */
  public readonly _auth: AuthDocument;

  private constructor(document: AuthDocument) {
    this._auth = document;
  }
}
