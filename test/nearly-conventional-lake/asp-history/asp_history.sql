SELECT hcpcs_code, payment_limit FROM ${bronze_database}.cms_asp_pricing
