-- Cities of the United States that have an airport, with their ZIP codes.
CREATE TEMPORARY VIEW cities AS
SELECT city, state, min(zip_code) AS first_zip, max(zip_code) AS last_zip, count(DISTINCT zip_code) AS zip_codes
FROM pp_dw_bronze.zipcodes
GROUP BY city, state;

SELECT cities.*, airports.iata, airports.name AS airport
FROM cities
JOIN pp_dw_bronze.airports ON airports.city = cities.city AND airports.state = cities.state;
