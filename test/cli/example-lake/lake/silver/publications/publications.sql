SELECT
  coalesce(directory.ndc_code, products.productndc) AS ndc,
  directory.proprietary_name AS directory_name,
  products.proprietaryname AS product_name,
  directory.started_on,
  directory.ndc_code IS NOT NULL AS is_in_directory,
  products.productndc IS NOT NULL AS is_in_cder
FROM ${bronze_database}.drug_directory AS directory
FULL OUTER JOIN ${bronze_database}.fda_cder_products AS products ON products.productndc = directory.ndc_code
