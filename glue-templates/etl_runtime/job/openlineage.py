"""OpenLineage events of a run. If lineage events are enabled for the lake, each event is written to the bucket as a
JSON object.

https://openlineage.io/docs/spec/object-model
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from etl_runtime.job.arguments import Job, TableName
from etl_runtime.job.spark import active_spark_context
from etl_runtime.job.store import Store, split

LOG = logging.getLogger(__name__)

PRODUCER = "https://github.com/cdk-glue-medallion/cdk-glue-medallion"
SPEC = "https://openlineage.io/spec"
EVENT_SCHEMA = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACET_VERSIONS = {
    "ColumnLineageDatasetFacet": "1-2-0",
    "DatasetVersionDatasetFacet": "1-0-1",
    "DatasourceDatasetFacet": "1-0-1",
    "DocumentationDatasetFacet": "1-1-0",
    "DocumentationJobFacet": "1-1-0",
    "ErrorMessageRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "NominalTimeRunFacet": "1-0-1",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
    "SymlinksDatasetFacet": "1-0-1",
}
"""The schema version of each facet that the events contain."""

EVENT_TYPES = {"running": "START", "published": "COMPLETE", "unchanged": "COMPLETE", "failed": "FAIL"}
"""The event type, keyed by the status in the run record."""

Record = Mapping[str, Any]
Event = dict[str, Any]


class LineageEvents:
    """Writes the events of the runs of a job. An error is logged and does not fail the run."""

    def __init__(self, job: Job, store: Store) -> None:
        self._job = job
        self._store = store

    def write(
        self,
        record: Record,
        time: str,
        inputs: Mapping[str, Record] | None = None,
        published: Record | None = None,
    ) -> None:
        """Write the event for the status in the run record.

        `inputs` are the tables of the inputs, keyed by their names in Athena. `published` is the content of
        published.json. Both contain only what the run knows when the event is written.
        """
        namespace = self._job.names.lineage_namespace
        if not namespace:
            return
        try:
            event = run_event(self._job, record, time, inputs or {}, published)
            name = f"{event['eventType'].lower()}.json"
            self._store.write_json(f"{self._job.names.runs}lineage/run_id={record['run_id']}/{name}", event)
        except Exception as error:
            LOG.info(f"no lineage event was written: {type(error).__name__}: {error}", extra={"step": "lineage"})


def run_event(job: Job, record: Record, time: str, inputs: Mapping[str, Record], published: Record | None) -> Event:
    """The event, according to the OpenLineage specification."""
    names = job.names
    namespace = str(names.lineage_namespace)
    sources = dict(_sources(job.document))
    tables = {table: inputs[table] for table in _used_tables(record, inputs)}
    return {
        "eventType": EVENT_TYPES[record["status"]],
        "eventTime": time,
        "producer": PRODUCER,
        "schemaURL": EVENT_SCHEMA,
        "run": {"runId": str(uuid5(NAMESPACE_URL, f"{names.runs}{record['run_id']}")), "facets": _run_facets(record)},
        "job": {"namespace": namespace, "name": names.job, "facets": _job_facets(job.document)},
        "inputs": [
            *(_dataset(*each) for each in dict.fromkeys(sources.values())),
            *(_table(namespace, name, _schema(table["columns"], {})) for name, table in tables.items()),
        ],
        "outputs": [_output(job, key, table, record, published, sources) for key, table in names.tables.items()],
    }


def _output(
    job: Job, key: str, table: TableName, record: Record, published: Record | None, sources: Mapping[str, Any]
) -> Event:
    names, document = job.names, job.document
    namespace = str(names.lineage_namespace)
    new = next((each for each in record.get("tables", ()) if each["name"] == table.name), None)
    known = new or (published or {}).get("tables", {}).get(key)
    bucket, folder = split(table.location)
    symlink = {"namespace": f"s3://{bucket}", "name": folder.rstrip("/"), "type": "LOCATION"}
    facets = {"symlinks": _facet("SymlinksDatasetFacet", identifiers=[symlink])}
    if description := document.get("description"):
        facets["documentation"] = _facet("DocumentationDatasetFacet", description=description)
    if known:
        facets |= _schema(known["columns"], _descriptions(document, key, known["columns"]))
        lineage = record.get("lineage", {}).get(key) or known.get("lineage")
        fields = _fields(namespace, lineage) if lineage else _source_fields(key, known["columns"], sources)
        if fields:
            filters = _input_fields(namespace, (lineage or {}).get("filters", ()), {"type": "INDIRECT"})
            facets["columnLineage"] = _facet("ColumnLineageDatasetFacet", fields=fields, dataset=filters)
    output = _table(namespace, f"{names.database}.{table.name}", facets)
    if new:
        statistics = _facet(
            "OutputStatisticsOutputDatasetFacet", rowCount=new["rows"], size=new["bytes"], fileCount=len(new["files"])
        )
        output["outputFacets"] = {"outputStatistics": statistics}
    return output


def _run_facets(record: Record) -> Event:
    facets = {}
    if context := active_spark_context():
        facets["processing_engine"] = _facet("ProcessingEngineRunFacet", name="spark", version=context.version)
    if record.get("error"):
        facets["errorMessage"] = _facet("ErrorMessageRunFacet", message=record["error"], programmingLanguage="PYTHON")
    if record.get("source_date"):
        start = f"{record['source_date']}T00:00:00Z"
        facets["nominalTime"] = _facet("NominalTimeRunFacet", nominalStartTime=start)
    return facets


def _job_facets(document: Mapping[str, Any]) -> Event:
    facets = {"jobType": _facet("JobTypeJobFacet", processingType="BATCH", integration="GLUE", jobType="JOB")}
    if description := document.get("description"):
        facets["documentation"] = _facet("DocumentationJobFacet", description=description)
    return facets


def _sources(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield a key and the namespace and name of each source. The key is the table for an API endpoint, and the URL for
    any other source.

    The names come from the URLs in the configuration, so they are the same in every run. They do not contain the user
    name, the query or the fragment of the URL.
    """
    urls = document.get("source_url", [])
    endpoints = document.get("api_endpoints", {})
    given = {url: url for url in ([urls] if isinstance(urls, str) else urls)}
    given |= {key: each if isinstance(each, str) else each["url"] for key, each in endpoints.items()}
    for key, url in given.items():
        parts = urlsplit(url)
        if parts.scheme and parts.netloc:
            host = parts.netloc.rpartition("@")[2]
            yield key, (f"{parts.scheme}://{host}", parts.path.strip("/") or "/")


def _used_tables(record: Record, inputs: Mapping[str, Record]) -> Iterable[str]:
    """The tables of the inputs that the queries read, or all tables if the lineage is not known."""
    lineage = [each for each in record.get("lineage", {}).values() if each]
    if not lineage or len(lineage) < len(record.get("tables", ())):
        return list(inputs)
    return sorted({table for each in lineage for table in each["tables"]} & inputs.keys())


def _table(namespace: str, name: str, facets: Event) -> Event:
    """A table of the Data Catalog. https://openlineage.io/docs/spec/naming"""
    return _dataset(namespace, _table_name(name), facets)


def _table_name(name: str) -> str:
    return f"table/{name.replace('.', '/', 1)}"


def _dataset(namespace: str, name: str, facets: Event | None = None) -> Event:
    source = _facet("DatasourceDatasetFacet", name=namespace, uri=namespace)
    return {"namespace": namespace, "name": name, "facets": {"dataSource": source, **(facets or {})}}


def _schema(columns: Iterable[Mapping[str, Any]], descriptions: Mapping[str, str]) -> Event:
    fields = [
        {
            "name": column["name"],
            "type": column["type"],
            **({"description": descriptions[column["name"]]} if column["name"] in descriptions else {}),
        }
        for column in columns
    ]
    return {"schema": _facet("SchemaDatasetFacet", fields=fields)}


def _descriptions(document: Mapping[str, Any], key: str, columns: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The descriptions of a table's columns, keyed by column. (The document of a bronze dataset uses source columns as
    keys.)"""
    declared = document.get("column_schema", {}).get(key, {})
    found = {each["name"]: declared.get(each.get("source"), {}).get("description") for each in columns}
    found |= document.get("column_descriptions", {}).get(key, {})
    return {name: description for name, description in found.items() if description}


def _fields(namespace: str, lineage: Mapping[str, Any]) -> dict[str, Any]:
    """The input fields of each column of a derived table."""
    return {
        name: {
            "inputFields": [
                field
                for source in sources
                for field in _input_fields(namespace, [source], {"type": "DIRECT", "subtype": source["kind"].upper()})
            ]
        }
        for name, sources in lineage["columns"].items()
    }


def _input_fields(
    namespace: str, columns: Iterable[Mapping[str, Any]], transformation: Mapping[str, str]
) -> list[Event]:
    return [
        {
            "namespace": namespace,
            "name": _table_name(column["table"]),
            "field": column.get("path", column["column"]),
            "transformations": [{**transformation, "description": "", "masking": False}],
        }
        for column in columns
    ]


def _source_fields(key: str, columns: Iterable[Mapping[str, Any]], sources: Mapping[str, Any]) -> dict[str, Any]:
    """The input field of each column of a bronze table, if the source of the table is known."""
    source = sources.get(key) or (next(iter(sources.values())) if len(sources) == 1 else None)
    if source is None:
        return {}
    namespace, name = source
    as_type = {"type": "DIRECT", "subtype": "TRANSFORMATION", "description": "", "masking": False}
    return {
        column["name"]: {
            "inputFields": [
                {"namespace": namespace, "name": name, "field": column["source"], "transformations": [as_type]}
            ]
        }
        for column in columns
        if column.get("source")
    }


def _facet(facet: str, **values: Any) -> Event:
    schema = f"{SPEC}/facets/{FACET_VERSIONS[facet]}/{facet}.json#/$defs/{facet}"
    return {"_producer": PRODUCER, "_schemaURL": schema, **values}
