"""Objects in S3: what is there, what is not, and what the role may not see."""

from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from conftest import BUCKET
from etl_runtime.store import Store, split

URI = f"s3://{BUCKET}/test-store/x.json"


def test_a_missing_object_is_none() -> None:
    store = Store()
    assert (store.read(URI), store.read_json(URI), store.metadata(URI), store.version(URI)) == (None, None, None, None)
    store.tag(URI, {"a": "b"})
    store.delete([URI])


def test_what_is_written_is_read_listed_copied_and_deleted(tmp_path: Path) -> None:
    store = Store()
    store.write_json(URI, {"ä": 1})
    path = tmp_path / "x"
    path.write_bytes(b"x")
    store.upload(path, URI + ".2", tags={"medallion:superseded": "true"}, metadata={"run-id": "r"})
    store.copy(URI + ".2", URI + ".3")
    assert store.read_json(URI) == {"ä": 1}
    assert store.metadata(URI + ".3") == {"run-id": "r"}
    assert store.list(URI) == [URI, URI + ".2", URI + ".3"]
    assert store.list(URI, after=".2") == [URI + ".3"]
    store.delete(store.list(URI))
    assert store.list(URI) == []


@pytest.mark.parametrize(("listed", "missing"), [([], True), (["test-store/x.json"], False), (["test-store/x.json.2"], True)])
def test_a_403_means_missing_only_where_the_listing_agrees(listed: list[str], missing: bool) -> None:
    """The emulator knows no IAM, so S3's answers to a role that may list some prefixes only are played back."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "AccessDenied", http_status_code=403)
        stub.add_response("list_objects_v2", {"Contents": [{"Key": key} for key in listed]})
        if missing:
            assert Store(client).read(URI) is None
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                Store(client).read(URI)


def test_only_s3_uris_are_taken() -> None:
    with pytest.raises(ValueError, match="not an s3:// URI"):
        split("https://example.org/x")
