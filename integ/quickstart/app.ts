import { App, Stack } from 'aws-cdk-lib';
import {
  Auth,
  BronzeDataset,
  DataRule,
  DataSizeCategory,
  EtlCore,
  EtlPipeline,
  GoldDataset,
  RuleSeverity,
  Schedule,
  Source,
  TableFormat,
  Transform,
} from 'cdk-glue-medallion';

const app = new App();

// The base URL of the source files. `npm run demo` passes its own server: cdk synth -c source=http://127.0.0.1:…
const source: string = app.node.tryGetContext('source');

const core = new EtlCore(new Stack(app, 'Lake'), 'Core', { resourcePrefix: 'pp-dw' });

const datasets = new Stack(app, 'Datasets');

const zipcodes = new BronzeDataset(datasets, 'Zipcodes', {
  core,
  dataset: 'zipcodes',
  description: 'ZIP codes of the United States with their city and county',
  dataSizeCategory: DataSizeCategory.SMALL,
  source: Source.url(`${source}/zipcodes.zip`),
});

const airports = new BronzeDataset(datasets, 'Airports', {
  core,
  dataset: 'airports',
  description: 'Airports of the United States, by their IATA or FAA code',
  dataSizeCategory: DataSizeCategory.SMALL,
  source: Source.url(`${source}/airports.csv`),
  businessKey: ['iata'],
  // A run that violates a rule does not publish, unless the rule only warns.
  dataQuality: {
    rules: [
      DataRule.notNull('name'),
      DataRule.condition('latitude BETWEEN -90 AND 90'),
      DataRule.notNull('state', { severity: RuleSeverity.WARN }),
    ],
  },
  // Each publication is one commit in the Data Catalog, so that Athena needs no crawler and can query earlier ones.
  tableFormat: TableFormat.ICEBERG,
});

const gapminder = new BronzeDataset(datasets, 'Gapminder', {
  core,
  dataset: 'gapminder',
  description: 'Population and life expectancy per country and year',
  dataSizeCategory: DataSizeCategory.SMALL,
  source: Source.api({
    countries: { url: `${source}/api/countries` },
    years: {
      url: `${source}/api/countries/{value}/years`,
      forEach: { endpoint: 'countries', field: 'name', column: 'country' },
    },
  }),
  auth: Auth.apiKey({ secret: 'gapminder/api', name: 'X-Api-Key' }),
});

const airportCities = new GoldDataset(datasets, 'AirportCities', {
  core,
  dataset: 'airport-cities',
  description: 'Cities of the United States that have an airport, with their ZIP codes',
  dataSizeCategory: DataSizeCategory.SMALL,
  inputs: [zipcodes, airports],
  transform: Transform.sqlFile('gold/airport_cities.sql'),
  dataQuality: { rules: [DataRule.relationship('iata', 'airports', 'iata')] },
});

const airportsHistory = new GoldDataset(datasets, 'AirportsHistory', {
  core,
  dataset: 'airports-history',
  description: 'History of the name and city of each airport',
  dataSizeCategory: DataSizeCategory.SMALL,
  inputs: [airports],
  transform: Transform.sql('SELECT iata, name, city, state FROM pp_dw_bronze.airports'),
  history: { businessKey: ['iata'] },
  columnDescriptions: { airports_history: { iata: 'IATA or FAA code of the airport' } },
  tableFormat: TableFormat.ICEBERG,
});

// Every morning: the sources, then the tables that are built from them.
new EtlPipeline(new Stack(app, 'Pipeline'), 'Daily', {
  core,
  datasets: [gapminder, airportCities, airportsHistory],
  schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York' }),
});
