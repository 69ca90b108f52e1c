SELECT code, name, tier, copay FROM ${bronze_database}.formulary_current
