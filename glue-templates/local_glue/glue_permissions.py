"""The IAM permissions that a request to the Glue Data Catalog requires."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from iam_policy import Permission

DATABASE_ACTIONS = ("CreateDatabase", "DeleteDatabase", "GetDatabase", "GetDatabases", "UpdateDatabase")
TABLE_ACTIONS = (
    "BatchCreatePartition",
    "BatchDeletePartition",
    "BatchDeleteTable",
    "BatchDeleteTableVersion",
    "BatchGetPartition",
    "BatchUpdatePartition",
    "CreatePartition",
    "CreatePartitionIndex",
    "CreateTable",
    "DeletePartition",
    "DeletePartitionIndex",
    "DeleteTable",
    "DeleteTableVersion",
    "GetPartition",
    "GetPartitionIndexes",
    "GetPartitions",
    "GetTable",
    "GetTables",
    "GetTableVersion",
    "GetTableVersions",
    "SearchTables",
    "UpdatePartition",
    "UpdateTable",
)


def required_permissions(action: str, request: Mapping[str, Any], arn: str) -> list[Permission]:
    """Return the permissions that a request requires, one per resource.

    Actions that do not concern databases or tables require a permission on the resource `*`.

    A permission on a table also requires permissions on its database and on the catalog.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html

    arn: the start of the ARNs of the Data Catalog. See `arn_prefix`.
    """
    if action in DATABASE_ACTIONS:
        database = request.get("Name") or _name_in(request, "DatabaseInput") or "*"
        resources = ["catalog", f"database/{database}"]
        if action == "DeleteDatabase":
            resources += [f"table/{database}/*", f"userDefinedFunction/{database}/*"]
    elif action in TABLE_ACTIONS:
        database = request.get("DatabaseName") or "*"
        table = request.get("TableName") or _name_in(request, "TableInput") or request.get("Name") or "*"
        tables = request.get("TablesToDelete") or [table]
        resources = ["catalog", f"database/{database}", *(f"table/{database}/{each}" for each in tables)]
    else:
        return [Permission(f"glue:{action}", "*")]
    return [Permission(f"glue:{action}", f"{arn}{resource}") for resource in resources]


def arn_prefix(policies: Sequence[Mapping[str, Any]]) -> str:
    """The start of the Data Catalog's ARNs, as it occurs in the policies of a role: `arn:aws:glue:REGION:ACCOUNT:`.

    A request does not contain the account of the role. A job uses only the Data Catalog of its own account and Region.
    """
    statements = [statement for policy in policies for statement in _listed(policy.get("Statement", []))]
    resources = [str(resource) for statement in statements for resource in _listed(statement.get("Resource", []))]
    matches = (re.match(r"arn:[^:]*:glue:[^:]*:[^:]*:", resource) for resource in resources)
    return next((match[0] for match in matches if match), "arn:aws:glue:us-east-1:000000000000:")


def _name_in(request: Mapping[str, Any], key: str) -> str | None:
    name: str | None = request.get(key, {}).get("Name")
    return name


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
