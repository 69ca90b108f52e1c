import io
import tarfile
from pathlib import Path

from unpack_spark import unpack


def test_spark_is_where_its_setup_installs_it_without_examples_and_sample_data(tmp_path: Path) -> None:
    archive = tmp_path / "pyspark-4.1.1.tar.gz"
    with tarfile.open(archive, "w:gz") as package:
        for name, mode in [
            ("PKG-INFO", 0o644),
            ("setup.py", 0o644),
            ("lib/pyspark.zip", 0o644),
            ("pyspark/__init__.py", 0o644),
            ("pyspark/sql/session.py", 0o664),
            ("deps/bin/spark-submit", 0o755),
            ("deps/jars/spark-core.jar", 0o644),
            ("deps/licenses/LICENSE.txt", 0o644),
            ("deps/examples/pi.py", 0o644),
            ("deps/data/graph.txt", 0o644),
            ("deps/sbin/start-history-server.sh", 0o755),
        ]:
            member = tarfile.TarInfo(f"pyspark-4.1.1/{name}")
            member.size, member.mode = len(name), mode
            package.addfile(member, io.BytesIO(name.encode()))
    unpack(archive, tmp_path / "spark")
    files = {
        f"{path.relative_to(tmp_path / 'spark')}": path.read_text()
        for path in sorted(tmp_path.joinpath("spark").rglob("*"))
        if path.is_file()
    }
    assert files == {
        "pyspark-4.1.1.dist-info/METADATA": "PKG-INFO",
        "pyspark/__init__.py": "pyspark/__init__.py",
        "pyspark/bin/spark-submit": "deps/bin/spark-submit",
        "pyspark/jars/spark-core.jar": "deps/jars/spark-core.jar",
        "pyspark/licenses/LICENSE.txt": "deps/licenses/LICENSE.txt",
        "pyspark/python/lib/pyspark.zip": "lib/pyspark.zip",
        "pyspark/sql/session.py": "pyspark/sql/session.py",
    }
    assert tmp_path.joinpath("spark/pyspark/bin/spark-submit").stat().st_mode & 0o111
    assert not tmp_path.joinpath("spark/pyspark/sql/session.py").stat().st_mode & 0o022
