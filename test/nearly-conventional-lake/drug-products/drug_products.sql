SELECT n.item_code AS ndc, c.column_15 AS name
FROM ${bronze_database}.fda_nsde n JOIN ${bronze_database}.rxnorm_rxnconso c ON n.item_code = c.column_1
