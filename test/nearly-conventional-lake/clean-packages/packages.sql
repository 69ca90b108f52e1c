SELECT * FROM ${bronze_database}.fda_ndc_ndc_packages
