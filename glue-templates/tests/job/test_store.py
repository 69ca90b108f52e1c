"""Objects in S3: existing objects, missing objects and objects that the role may not access."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from conftest import BUCKET
from etl_runtime.job.store import Store, split
from faults import quick_retries
from faults.proxy import Action, Fault, Proxy, s3_kind

URI = f"s3://{BUCKET}/test-store/x.json"


@pytest.fixture
def proxy(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy between the store and S3. Retries do not wait."""
    quick_retries.install(monkeypatch.setattr)
    found = Proxy(s3_endpoint, s3_kind)
    yield found
    found.close()


def test_reading_a_missing_object_returns_none() -> None:
    store = Store()
    assert (store.read(URI), store.read_json(URI), store.metadata(URI), store.version(URI)) == (None, None, None, None)
    store.tag(URI, {"a": "b"})
    store.delete([URI])


def test_a_written_object_can_be_read_listed_copied_and_deleted(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("size", [5, 9 << 20], ids=["one request", "several parts"])
def test_uploads_have_a_checksum_that_s3_verifies(size: int, tmp_path: Path) -> None:
    store, sent = Store(), []
    store.client.meta.events.register(
        "before-send.s3.*", lambda request, **_: sent.append((request.method, request.headers))
    )
    path = tmp_path / "x"
    path.write_bytes(b"x" * size)
    store.write(URI, path.read_bytes())
    store.upload(path, URI)
    bodies = [headers for method, headers in sent if method == "PUT"]
    assert len(bodies) >= 2
    for headers in bodies:
        assert "x-amz-checksum-crc32" in headers
        assert "Content-MD5" not in headers
    assert store.read(URI) == path.read_bytes()
    store.delete([URI])


REQUESTS: dict[str, tuple[str, Callable[[Store], object], object]] = {
    "read": ("GetObject", lambda store: store.read(URI), b"0123456789"),
    "list": ("ListObjectsV2", lambda store: store.list(URI), [URI]),
    "copy": ("CopyObject", lambda store: store.copy(URI, URI), None),
    "delete": ("DeleteObjects", lambda store: store.delete([URI + ".gone", URI + ".gone too"]), None),
}


@pytest.mark.parametrize(
    ("name", "action"),
    [
        *((name, action) for name in REQUESTS for action in (Action.CUT, Action.RESET_AFTER, Action.STATUS_503)),
        ("copy", Action.ERROR_IN_200),
        ("delete", Action.HALF_DELETED),
    ],
)
def test_a_request_is_retried_if_the_response_is_incomplete_or_an_error(
    proxy: Proxy, name: str, action: Action
) -> None:
    kind, call, result = REQUESTS[name]
    store = Store(boto3.client("s3", endpoint_url=proxy.url))
    store.write(URI, b"0123456789")
    proxy.inject(Fault(action, kind))
    assert call(store) == result
    assert proxy.hit
    proxy.inject(None)
    store.delete([URI])


def test_an_interrupted_download_starts_again_with_an_empty_file(proxy: Proxy) -> None:
    store = Store(boto3.client("s3", endpoint_url=proxy.url))
    store.write(URI, b"0123456789")
    proxy.inject(Fault(Action.CUT, "GetObject"))
    with TemporaryFile() as file:
        file.write(b"content of a previous attempt")
        assert store.download(URI, file)
        file.seek(0)
        assert file.read() == b"0123456789"
    store.delete([URI])


@pytest.mark.parametrize("size", [10, 9_000_000], ids=["one request", "several parts"])
@pytest.mark.parametrize("action", [Action.CUT, Action.RESET_AFTER, Action.ERROR_IN_200, Action.DUPLICATE])
def test_an_upload_is_retried_if_its_response_is_lost(proxy: Proxy, tmp_path: Path, action: Action, size: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789" * (size // 10))
    store = Store(boto3.client("s3", endpoint_url=proxy.url))
    for kind in ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload") if size > 10 else ("PutObject",):
        if action == Action.ERROR_IN_200 and kind != "CompleteMultipartUpload":
            continue
        proxy.inject(Fault(action, kind))
        store.upload(path, URI)
        assert proxy.hit
        assert store.read(URI) == path.read_bytes()
        store.delete([URI])


def test_a_delete_error_that_is_not_retryable_is_raised_at_once(proxy: Proxy) -> None:
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_response("delete_objects", {"Errors": [{"Key": "x", "Code": "AccessDenied", "Message": "no"}]})
        with pytest.raises(OSError, match="did not delete .*x: AccessDenied no"):
            Store(client).delete([URI])


@pytest.mark.parametrize(
    ("listed", "missing"), [([], True), (["test-store/x.json"], False), (["test-store/x.json.2"], True)]
)
def test_a_403_means_missing_only_if_the_listing_confirms_it(listed: list[str], missing: bool) -> None:
    """The emulator does not support IAM, so the responses for a role that may list only some prefixes are stubbed."""
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "AccessDenied", http_status_code=403)
        stub.add_response("list_objects_v2", {"Contents": [{"Key": key} for key in listed]})
        if missing:
            assert Store(client).read(URI) is None
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                Store(client).read(URI)


def test_only_s3_uris_are_supported() -> None:
    with pytest.raises(ValueError, match="not an s3:// URI"):
        split("https://example.org/x")
