SELECT state, count(*) AS airports
FROM ${bronze_database}.airports
GROUP BY state
