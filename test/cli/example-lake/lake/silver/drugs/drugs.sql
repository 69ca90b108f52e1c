SELECT
  packages.ndcpackagecode AS package_code,
  products.proprietaryname AS product,
  concepts.rxcui,
  concepts.name AS concept
FROM ${bronze_database}.fda_cder_packages AS packages
JOIN ${bronze_database}.fda_cder_products AS products ON products.productid = packages.productid
LEFT JOIN ${bronze_database}.rxnorm_rxnsat AS attributes
  ON attributes.atn = 'NDC' AND attributes.atv = replace(packages.ndcpackagecode, '-', '')
LEFT JOIN ${bronze_database}.rxnorm_rxnconso AS concepts ON concepts.rxcui = attributes.rxcui AND concepts.term_type = 'SCD'
