from aws_cdk import App, Stack
from cdk_glue_medallion import (
    ApiEndpoint,
    Auth,
    BronzeDataset,
    DataQuality,
    DataRule,
    DataSizeCategory,
    EtlCore,
    EtlPipeline,
    ForEach,
    GoldDataset,
    History,
    RuleSeverity,
    Schedule,
    Source,
    TableFormat,
    Transform,
)

app = App()

# The base URL of the source files, from the context in cdk.json or from cdk synth -c source=https://…
source = app.node.try_get_context("source")

core = EtlCore(Stack(app, "Lake"), "Core", resource_prefix="pp-dw")

datasets = Stack(app, "Datasets")

zipcodes = BronzeDataset(
    datasets,
    "Zipcodes",
    core=core,
    dataset="zipcodes",
    description="ZIP codes of the United States with their city and county",
    data_size_category=DataSizeCategory.SMALL,
    source=Source.url(f"{source}/zipcodes.zip"),
)

airports = BronzeDataset(
    datasets,
    "Airports",
    core=core,
    dataset="airports",
    description="Airports of the United States, by their IATA or FAA code",
    data_size_category=DataSizeCategory.SMALL,
    source=Source.url(f"{source}/airports.csv"),
    table_format=TableFormat.ICEBERG,
    business_key=["iata"],
    data_quality=DataQuality(
        rules=[
            DataRule.not_null("name"),
            DataRule.condition("latitude BETWEEN -90 AND 90"),
            DataRule.not_null("state", severity=RuleSeverity.WARN),
        ],
    ),
)

gapminder = BronzeDataset(
    datasets,
    "Gapminder",
    core=core,
    dataset="gapminder",
    description="Population and life expectancy per country and year",
    data_size_category=DataSizeCategory.SMALL,
    source=Source.api(
        {
            "countries": ApiEndpoint(url=f"{source}/api/countries"),
            # An endpoint can also be a dict.
            "years": {
                "url": f"{source}/api/countries/{{value}}/years",
                "for_each": ForEach(endpoint="countries", field="name", column="country"),
            },
        }
    ),
    auth=Auth.api_key(secret="gapminder/api", name="X-Api-Key"),
)

airport_cities = GoldDataset(
    datasets,
    "AirportCities",
    core=core,
    dataset="airport-cities",
    description="Cities of the United States that have an airport, with their ZIP codes",
    data_size_category=DataSizeCategory.SMALL,
    inputs=[zipcodes, airports],
    transform=Transform.sql_file("gold/airport_cities.sql"),
    data_quality=DataQuality(rules=[DataRule.relationship("iata", "airports", "iata")]),
)

airports_history = GoldDataset(
    datasets,
    "AirportsHistory",
    core=core,
    dataset="airports-history",
    description="History of the name and city of each airport",
    data_size_category=DataSizeCategory.SMALL,
    inputs=[airports],
    transform=Transform.sql("SELECT iata, name, city, state FROM pp_dw_bronze.airports"),
    history=History(business_key=["iata"]),
    column_descriptions={"airports_history": {"iata": "IATA or FAA code of the airport"}},
    table_format=TableFormat.ICEBERG,
)

# Every morning: the sources, then the tables that are built from them.
EtlPipeline(
    Stack(app, "Pipeline"),
    "Daily",
    core=core,
    datasets=[gapminder, airport_cities, airports_history],
    schedule=Schedule.cron("0 6 * * ? *", timezone="America/New_York"),
)

app.synth()
