"""Objects in S3: what is there, what is not, and what the role may not see."""

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
    """Between the store and S3. Retries follow at once."""
    quick_retries.install(monkeypatch.setattr)
    found = Proxy(s3_endpoint, s3_kind)
    yield found
    found.close()


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


@pytest.mark.parametrize("size", [5, 9 << 20], ids=["in one call", "in pieces"])
def test_what_is_sent_has_a_checksum_that_s3_proves(size: int, tmp_path: Path) -> None:
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


WAYS: dict[str, tuple[str, Callable[[Store], object], object]] = {
    "read": ("GetObject", lambda store: store.read(URI), b"0123456789"),
    "list": ("ListObjectsV2", lambda store: store.list(URI), [URI]),
    "copy": ("CopyObject", lambda store: store.copy(URI, URI), None),
    "delete": ("DeleteObjects", lambda store: store.delete([URI + ".gone", URI + ".gone too"]), None),
}


@pytest.mark.parametrize(
    ("way", "action"),
    [
        *((way, action) for way in WAYS for action in (Action.CUT, Action.RESET_AFTER, Action.ANSWER_503)),
        ("copy", Action.ERROR_IN_200),
        ("delete", Action.HALF_DELETED),
    ],
)
def test_an_answer_that_breaks_off_is_asked_for_again(proxy: Proxy, way: str, action: Action) -> None:
    kind, call, found = WAYS[way]
    store = Store(boto3.client("s3", endpoint_url=proxy.url))
    store.write(URI, b"0123456789")
    proxy.spoil(Fault(action, kind))
    assert call(store) == found
    assert proxy.hit
    proxy.spoil(None)
    store.delete([URI])


def test_a_download_that_breaks_off_begins_anew(proxy: Proxy) -> None:
    store = Store(boto3.client("s3", endpoint_url=proxy.url))
    store.write(URI, b"0123456789")
    proxy.spoil(Fault(Action.CUT, "GetObject"))
    with TemporaryFile() as file:
        file.write(b"what a try before has left")
        assert store.download(URI, file)
        file.seek(0)
        assert file.read() == b"0123456789"
    store.delete([URI])


@pytest.mark.parametrize("size", [10, 9_000_000], ids=["in one piece", "in several"])
@pytest.mark.parametrize("action", [Action.CUT, Action.RESET_AFTER, Action.ERROR_IN_200, Action.DUPLICATE])
def test_an_upload_whose_end_is_not_heard_of_is_made_again(
    proxy: Proxy, tmp_path: Path, action: Action, size: int
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789" * (size // 10))
    store = Store(boto3.client("s3", endpoint_url=proxy.url))
    for kind in ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload") if size > 10 else ("PutObject",):
        if action == Action.ERROR_IN_200 and kind != "CompleteMultipartUpload":
            continue
        proxy.spoil(Fault(action, kind))
        store.upload(path, URI)
        assert proxy.hit
        assert store.read(URI) == path.read_bytes()
        store.delete([URI])


def test_what_s3_refuses_for_good_is_an_error_at_once(proxy: Proxy) -> None:
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_response("delete_objects", {"Errors": [{"Key": "x", "Code": "AccessDenied", "Message": "no"}]})
        with pytest.raises(OSError, match="did not delete .*x: AccessDenied no"):
            Store(client).delete([URI])


@pytest.mark.parametrize(
    ("listed", "missing"), [([], True), (["test-store/x.json"], False), (["test-store/x.json.2"], True)]
)
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
