import * as http from 'http';
import { AddressInfo } from 'net';
import { gzipSync } from 'zlib';
import {
  ADVERSE_EVENTS,
  CDER_ZIP,
  CLASSES_RESPONSE,
  DRUG_DIRECTORY_ZIP,
  FORMULARIES,
  FORMULARY_VERSIONS,
  MEMBERS_RESPONSES,
  PRICES_DATE,
  PROPERTIES,
  RATES_XML,
  RXNORM_ZIP,
  UNIT_PRICES,
} from './source-files';

export const API_KEY = 'the-key-of-1-license';

/** Serves the sources of the example lake on 127.0.0.1. */
export class SourceServer {
  /** The version of the formulary, from 0. */
  public formulary = 0;
  private readonly server = http.createServer((request, response) => this.respond(request, response));
  private readonly tickets = new Set<string>();
  private readonly sessions = new Set<string>();

  public async start(): Promise<string> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public stop(): void {
    this.server.close();
  }

  private respond(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { pathname, searchParams: params } = new URL(request.url ?? '', 'http://127.0.0.1');
    const body = this.bodyOf(pathname, params);
    if (pathname === '/download') {
      this.issueTicket(params, response);
    } else if (pathname === '/files/RxNorm_full.zip') {
      this.sendFile(request.headers.cookie ?? '', params, response);
    } else {
      response.writeHead(body === undefined ? 404 : 200).end(body);
    }
  }

  private bodyOf(pathname: string, params: URLSearchParams): string | Uint8Array | undefined {
    switch (pathname) {
      case '/drug-directory.zip': return DRUG_DIRECTORY_ZIP;
      case '/cder.zip': return CDER_ZIP;
      case '/rxclass/allClasses.json': return JSON.stringify(CLASSES_RESPONSE);
      case '/rxclass/classMembers.json': return JSON.stringify(MEMBERS_RESPONSES[params.get('classId') ?? '']);
      case `/prices/unit-prices-${PRICES_DATE.replace(/-/g, '')}.csv`: return UNIT_PRICES;
      case '/adverse-events.jsonl.gz': return gzipSync(ADVERSE_EVENTS);
      case '/formulary.csv': return FORMULARIES[this.formulary];
      case '/formulary-versions.csv': return FORMULARY_VERSIONS;
      case '/rates.xml': return RATES_XML;
      default: return propertiesOf(pathname);
    }
  }

  /** Exchanges the API key for a ticket, which is valid once. */
  private issueTicket(params: URLSearchParams, response: http.ServerResponse): void {
    if (params.get('apiKey') !== API_KEY) {
      response.writeHead(401).end();
      return;
    }
    const ticket = `ST-${this.tickets.size + 1}`;
    this.tickets.add(ticket);
    response.writeHead(302, { location: `/files/RxNorm_full.zip?ticket=${ticket}` }).end();
  }

  /** Exchanges a ticket for a session cookie, and sends the file to the session. */
  private sendFile(cookie: string, params: URLSearchParams, response: http.ServerResponse): void {
    const ticket = params.get('ticket');
    if (ticket !== null && this.tickets.delete(ticket)) {
      const session = `s${this.sessions.size + 1}`;
      this.sessions.add(session);
      response.writeHead(302, {
        'location': '/files/RxNorm_full.zip',
        'set-cookie': `session=${session}; Path=/; HttpOnly`,
      }).end();
    } else if (this.sessions.has(/session=(\w+)/.exec(cookie)?.[1] ?? '')) {
      response.writeHead(200, { 'content-type': 'application/zip' }).end(RXNORM_ZIP);
    } else {
      response.writeHead(403).end('<html>Sign in</html>');
    }
  }
}

/** The response with the properties of a concept. Undefined for another path. */
function propertiesOf(pathname: string): string | undefined {
  const [, rxcui] = /^\/rxnorm\/(\d+)\/properties\.json$/.exec(pathname) ?? [];
  return rxcui && JSON.stringify(PROPERTIES[rxcui] ? { propConceptGroup: { propConcept: PROPERTIES[rxcui] } } : {});
}
