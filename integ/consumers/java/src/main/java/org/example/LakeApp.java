package org.example;

import io.github.cdkgluemedallion.ApiEndpoint;
import io.github.cdkgluemedallion.ApiKeyOptions;
import io.github.cdkgluemedallion.Auth;
import io.github.cdkgluemedallion.BronzeDataset;
import io.github.cdkgluemedallion.DataQuality;
import io.github.cdkgluemedallion.DataRule;
import io.github.cdkgluemedallion.DataRuleOptions;
import io.github.cdkgluemedallion.DataSizeCategory;
import io.github.cdkgluemedallion.EtlCore;
import io.github.cdkgluemedallion.EtlPipeline;
import io.github.cdkgluemedallion.ForEach;
import io.github.cdkgluemedallion.GoldDataset;
import io.github.cdkgluemedallion.History;
import io.github.cdkgluemedallion.RuleSeverity;
import io.github.cdkgluemedallion.Schedule;
import io.github.cdkgluemedallion.ScheduleOptions;
import io.github.cdkgluemedallion.Source;
import io.github.cdkgluemedallion.TableFormat;
import io.github.cdkgluemedallion.Transform;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Stack;

public class LakeApp {
    public static void main(String[] args) {
        App app = new App();

        // The base URL of the source files, from the context in cdk.json or from cdk synth -c source=https://…
        String source = (String) app.getNode().tryGetContext("source");

        EtlCore core = EtlCore.Builder.create(new Stack(app, "Lake"), "Core").resourcePrefix("pp-dw").build();

        Stack datasets = new Stack(app, "Datasets");

        BronzeDataset zipcodes = BronzeDataset.Builder.create(datasets, "Zipcodes")
                .core(core)
                .dataset("zipcodes")
                .description("ZIP codes of the United States with their city and county")
                .dataSizeCategory(DataSizeCategory.SMALL)
                .source(Source.url(source + "/zipcodes.zip"))
                .build();

        BronzeDataset airports = BronzeDataset.Builder.create(datasets, "Airports")
                .core(core)
                .dataset("airports")
                .description("Airports of the United States, by their IATA or FAA code")
                .dataSizeCategory(DataSizeCategory.SMALL)
                .source(Source.url(source + "/airports.csv"))
                .tableFormat(TableFormat.ICEBERG)
                .businessKey(List.of("iata"))
                .dataQuality(DataQuality.builder()
                        .rules(List.of(
                                DataRule.notNull("name"),
                                DataRule.condition("latitude BETWEEN -90 AND 90"),
                                DataRule.notNull("state", DataRuleOptions.builder()
                                        .severity(RuleSeverity.WARN)
                                        .build())))
                        .build())
                .build();

        // LinkedHashMap keeps the order of the endpoints. The order of Map.of differs between runs.
        Map<String, ApiEndpoint> endpoints = new LinkedHashMap<>();
        endpoints.put("countries", ApiEndpoint.builder().url(source + "/api/countries").build());
        endpoints.put("years", ApiEndpoint.builder()
                .url(source + "/api/countries/{value}/years")
                .forEach(ForEach.builder().endpoint("countries").field("name").column("country").build())
                .build());

        BronzeDataset gapminder = BronzeDataset.Builder.create(datasets, "Gapminder")
                .core(core)
                .dataset("gapminder")
                .description("Population and life expectancy per country and year")
                .dataSizeCategory(DataSizeCategory.SMALL)
                .source(Source.api(endpoints))
                .auth(Auth.apiKey(ApiKeyOptions.builder().secret("gapminder/api").name("X-Api-Key").build()))
                .build();

        GoldDataset airportCities = GoldDataset.Builder.create(datasets, "AirportCities")
                .core(core)
                .dataset("airport-cities")
                .description("Cities of the United States that have an airport, with their ZIP codes")
                .dataSizeCategory(DataSizeCategory.SMALL)
                .inputs(List.of(zipcodes, airports))
                .transform(Transform.sqlFile("gold/airport_cities.sql"))
                .dataQuality(DataQuality.builder()
                        .rules(List.of(DataRule.relationship("iata", "airports", "iata")))
                        .build())
                .build();

        GoldDataset airportsHistory = GoldDataset.Builder.create(datasets, "AirportsHistory")
                .core(core)
                .dataset("airports-history")
                .description("History of the name and city of each airport")
                .dataSizeCategory(DataSizeCategory.SMALL)
                .inputs(List.of(airports))
                .transform(Transform.sql("SELECT iata, name, city, state FROM pp_dw_bronze.airports"))
                .history(History.builder().businessKey(List.of("iata")).build())
                .columnDescriptions(
                        Map.of("airports_history", Map.of("iata", "IATA or FAA code of the airport")))
                .tableFormat(TableFormat.ICEBERG)
                .build();

        // Every morning: the sources, then the tables that are built from them.
        EtlPipeline.Builder.create(new Stack(app, "Pipeline"), "Daily")
                .core(core)
                .datasets(List.of(gapminder, airportCities, airportsHistory))
                .schedule(Schedule.cron(
                        "0 6 * * ? *", ScheduleOptions.builder().timezone("America/New_York").build()))
                .build();

        app.synth();
    }
}
