CREATE TEMPORARY VIEW reports AS
SELECT rxcui, count(*) AS reports FROM ${bronze_database}.adverse_events GROUP BY rxcui;

SELECT
  classes.class_id,
  classes.class_name,
  count(DISTINCT members.min_concept.rxcui) AS drugs,
  coalesce(sum(reports.reports), 0) AS reports
FROM ${bronze_database}.drug_classes_classes AS classes
LEFT JOIN ${bronze_database}.drug_classes_members AS members ON members.class_id = classes.class_id
LEFT JOIN reports ON reports.rxcui = members.min_concept.rxcui
GROUP BY classes.class_id, classes.class_name
